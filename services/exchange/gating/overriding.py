"""Who may open a shut gate: only whom its table names, with reasons, and never who made what it stops."""

from collections.abc import Sequence

from services.exchange.gating.matter import Finding, Matter
from services.exchange.gating.results import Fail, Gate, Pass, Result
from shared.protocol.law import gates


def ask(gate: Gate, matter: Matter) -> Result:
    """Ask a gate; one that is shut opens for the findings that its table allows, and says by whom."""
    result = gate(matter)
    if not isinstance(result, Fail):
        return result
    opened = _opened(result, matter)
    return Pass(result.gate, "overridden", opened) if opened else result


def _opened(shut: Fail, matter: Matter) -> tuple[str, ...]:
    rule = gates.rule(shut.gate).override
    if rule is None or not _in_bounds(rule, matter):
        return ()
    given = _standing(shut, matter, rule.roles)
    people = {each.officer.casefold(): each.officer for each in given}
    roles = {each.role for each in given}
    enough = len(people) >= rule.persons and (not rule.each or roles >= set(rule.roles))
    return tuple(sorted(people.values())) if enough else ()


def _in_bounds(rule: gates.Override, matter: Matter) -> bool:
    if rule.urgent and not (matter.export is not None and matter.export.urgent):
        return False
    asked = {measure.code for measure in matter.asked()}
    return not rule.provisional or asked <= set(gates.policy().provisional)


def _standing(shut: Fail, matter: Matter, roles: Sequence[str]) -> Sequence[Finding]:
    """Return each officer's newest word on the gate, where it is an override that holds (G19)."""
    newest = {(each.officer.casefold(), each.use): each for each in matter.found(shut.gate, *roles)}
    maker = (matter.packer or "").casefold()
    return [
        each
        for (officer, _), each in newest.items()
        if each.verdict == "override"
        and officer != maker
        and len(each.text.strip()) >= gates.policy().reasons_least
        and each.use == shut.use
        and _covers(each, shut, matter)
    ]


def _covers(given: Finding, shut: Fail, matter: Matter) -> bool:
    """Say whether all that is shut is named; where the whole is shut, an override of parts opens nothing.

    A measure is named, too, by all the items that go out for it.
    """
    named = set(given.items)
    left = {each.measure_id for each in matter.items if each.item_id not in named}
    whole = {each.measure_id for each in matter.items} - left
    return not named or (bool(shut.items) and set(shut.items) <= named | whole)
