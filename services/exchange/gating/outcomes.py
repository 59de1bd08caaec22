"""What people found of each part of a matter: a word about one part says nothing of another."""

from collections.abc import Iterable, Mapping, Sequence

from services.exchange.gating.matter import Finding, Matter, Part

_OUTCOMES = frozenset(
    {"pass", "fail"}
)  # an override opens what was found; a concern has others look

Newest = Mapping[Part, Finding | None]


def of_parts(matter: Matter, gate: str, *roles: str) -> Mapping[Part, Sequence[Finding]]:
    """Return for each part the outcomes that these roles found of it, the newest last."""
    said = [each for each in matter.found(gate, *roles) if each.verdict in _OUTCOMES]
    # Item by item only where somebody spoke of items: a package may hold thousands.
    apart = any(each.items and each.about == "package" for each in said)
    parts = matter.parts() if apart else matter.coarse_parts()
    found: dict[Part, list[Finding]] = {part: [] for part in parts}
    for each in said:
        for part in each.among(parts):
            found[part].append(each)
    return found


def newest(matter: Matter, gate: str, *roles: str) -> Newest:
    """Return the newest outcome of each part, whoever found it; None: nobody did."""
    found = of_parts(matter, gate, *roles)
    return {part: said[-1] if said else None for part, said in found.items()}


def against(found: Newest) -> Sequence[str]:
    """Name that of which was found last that it does not go on."""
    return names(part for part, said in found.items() if said and said.verdict == "fail")


def names(parts: Iterable[Part]) -> Sequence[str]:
    """Name these parts, each measure once; what answers none by itself."""
    return list(dict.fromkeys(each.measure_id or each.item_id or "the request" for each in parts))
