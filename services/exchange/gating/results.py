"""What a gate answers, and what happens when one is shut."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.exchange.gating.matter import Matter
from shared.runtime.refusals import Conflict


@dataclass(frozen=True, slots=True)
class Pass:
    """The gate is open; `note` is what the record keeps of why, as a code."""

    gate: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail:
    """The gate is shut: what is wrong, by which rule, what to do. `items` are the ones it is about."""

    gate: str
    code: str
    detail: str
    rule: str
    next: str
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsHuman:
    """The gate waits for a finding of a person in a role."""

    gate: str
    role: str
    detail: str
    rule: str


Result = Pass | Fail | NeedsHuman
Gate = Callable[[Matter], Result]


class GateShutError(Conflict):
    """At least one gate is shut. The first decides code and rule, `shut` has them all."""

    def __init__(self, shut: Sequence[Fail | NeedsHuman]) -> None:
        first = shut[0]
        if isinstance(first, NeedsHuman):
            code, step = "finding_missing", f"Needed: a finding of the {first.role}."
        else:
            code, step = first.code, first.next
        super().__init__(
            code,
            " ".join(result.detail for result in shut),
            rule=f"{first.gate}, {first.rule}",
            next_step=step,
            gates=[result.gate for result in shut],
        )
        self.shut = tuple(shut)
