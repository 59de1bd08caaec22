"""Which logs we witness: those of all other members of the directory, by the keys that it gives them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.protocol.identifiers import Country
from shared.protocol.trust import Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquaintance:
    """A log that we witness, and whose it is."""

    country: str
    origin: str
    vkeys: tuple[str, ...]


def claimants(members: Mapping[Country, Member], own: str) -> dict[str, list[Acquaintance]]:
    """Sort what the directory says of others' logs by their origins.

    An origin of ours, open or closed, is nobody else's. A country may be careless or worse and name
    another's: then there are two claimants.
    """
    found = defaultdict(list)
    ours = set(_origins(members[Country(own)])) if own in members else set()
    for country, member in sorted(members.items()):
        if country != own and member.log.origin not in ours:
            claim = Acquaintance(country=country, origin=member.log.origin, vkeys=member.log.vkeys)
            found[claim.origin].append(claim)
    return dict(found)


def rightful(claims: Iterable[Acquaintance], known: Iterable[str]) -> Acquaintance | None:
    """Tell whose an origin is: if two countries claim it, his by whose keys we knew it before."""
    claims, known = list(claims), set(known)
    if len(claims) > 1:
        claims = [each for each in claims if known & set(each.vkeys)]
    return claims[0] if len(claims) == 1 else None


def _origins(member: Member) -> Iterable[str]:
    return [member.log.origin, *(each.origin for each in member.closed_logs)]
