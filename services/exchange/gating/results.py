"""What a gate answers, and what happens when one is shut."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from services.exchange.gating.matter import Matter, Use
from shared.protocol.law import gates
from shared.runtime.refusals import Conflict


@dataclass(frozen=True, slots=True)
class Pass:
    """The gate is open.

    Attributes:
        gate: its number.
        note: why, as a code, where there is more to say than that nothing stands against it.
        by: the officers who opened a gate that was shut; empty: nobody had to.
    """

    gate: str
    note: str | None = None
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail:
    """The gate is shut: what is wrong, by which rule, what to do; about which items, for which use.

    Attributes:
        items: measures, or items of the package; none: the whole, which no part of it opens.
    """

    gate: str
    code: str
    detail: str
    rule: str
    next: str
    items: tuple[str, ...] = ()
    use: Use = field(default_factory=Use)


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsHuman:
    """The gate waits for a person in a role: `code` says for what."""

    gate: str
    code: str
    role: str
    detail: str
    rule: str


Shut = Fail | NeedsHuman
Result = Pass | Shut
Gate = Callable[[Matter], Result]


class GateShutError(Conflict):
    """At least one gate is shut. The first decides code and rule, `shut` has them all."""

    def __init__(self, shut: Sequence[Shut]) -> None:
        first = shut[0]
        step = f"Needed: {first.role}." if isinstance(first, NeedsHuman) else first.next
        super().__init__(
            first.code,
            " ".join(result.detail for result in shut),
            rule=f"{first.gate}: {first.rule}",
            next_step=step,
            gates=[result.gate for result in shut],
        )
        self.shut = tuple(shut)


def fail(
    gate: str,
    code: str,
    detail: str,
    step: str,
    items: Sequence[str] = (),
    *,
    use: Use | None = None,
) -> Fail:
    """Shut a gate, by the rule that its table names; `step` is what a person does now."""
    return Fail(
        gate=gate,
        code=code,
        detail=detail,
        rule=gates.rule(gate).rule,
        next=step,
        items=tuple(items),
        use=use or Use(),
    )


def needs(gate: str, role: str, detail: str, code: str = "finding_missing") -> NeedsHuman:
    """Let a gate wait for a person, by the rule that its table names."""
    return NeedsHuman(gate=gate, code=code, role=role, detail=detail, rule=gates.rule(gate).rule)
