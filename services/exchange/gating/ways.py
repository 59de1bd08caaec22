"""Gates on the way that a request goes: agreed between the two, and to an authority that takes it."""

from services.exchange.gating.matter import Matter
from services.exchange.gating.results import Pass, Result, fail
from shared.protocol.law.pairs import Pair

_ROUTINE, _EMERGENCY = "ROUTINE", "EMERGENCY"


def way_agreed(matter: Matter) -> Result:
    """G24: the profile of the two has the channel (A08), and who is asked (B08) takes this kind.

    BUD 27(9), 35; process 5.1.
    """
    pair, document = matter.pair, matter.document
    if pair is None:
        return fail("G24", "no_profile", "No profile says which way it goes.", "See G01.")
    ways = _ways(pair, document.urgency or _ROUTINE, document.request_kind or "")
    if ways and document.channel is not None and document.channel not in ways:
        return fail(
            "G24",
            "way_not_agreed",
            f"The two countries have not agreed on {document.channel} for this request.",
            f"Choose another channel (A08): {', '.join(ways)}.",
        )
    return _taken(matter, pair) or Pass("G24", document.channel)


def _ways(pair: Pair, urgency: str, kind: str) -> list[str]:
    """Return the channels open to a request; none: the two have not said."""
    agreed = pair.channels
    if agreed is None:
        return []
    ways = [agreed.routine]
    if urgency != _ROUTINE:
        ways.append(agreed.urgent)
    if urgency == _EMERGENCY or any(kind in each.receives for each in pair.authority):
        ways.append(agreed.emergency)  # a point of contact takes some kinds at all hours
    return list(dict.fromkeys(ways))


def _taken(matter: Matter, pair: Pair) -> Result | None:
    """Shut the gate if the authority that is asked is known not to take this kind of request."""
    asked = (matter.document.requested_authority or "").casefold()
    kind = matter.document.request_kind
    for each in pair.authority:
        if asked in {each.id.casefold(), each.name.casefold()} and each.receives:
            able = [one.name for one in pair.authority if not one.receives or kind in one.receives]
            if kind not in each.receives:
                return fail(
                    "G24",
                    "kind_not_received",
                    f"{each.name} takes no request of the kind {kind}.",
                    f"Name another authority (B08): {', '.join(able) or 'ask the other country'}.",
                )
    return None
