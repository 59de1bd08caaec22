"""What `rogatory doctor` finds about the law: under which instruments we may ask each peer, and it us."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from client.cli.findings import Finding, fine, warned
from shared.protocol import trust
from shared.protocol.identifiers import Country
from shared.protocol.law.agreed import Agreements, read_agreements
from shared.protocol.trust import Member


def examine(
    bundle: bytes, members: Mapping[Country, Member], own: str, on: date
) -> Iterator[Finding]:
    """Say for each active peer what is in force between the two.

    Args:
        bundle: a trust bundle that was checked.
        members: what it vouches for.
        own: our country.
        on: the day.
    """
    named = {str(country): member.pairs for country, member in members.items()}
    found = read_agreements(named, trust.read_parts(bundle).pairs)
    ours = [each for each in found.unread if own in each.name.countries]
    spoilt = {country: each.why for each in ours for country in each.name.countries}
    for country, member in members.items():
        if country != own and member.status == "active":
            yield _peer(found, own, country, on, spoilt.get(country))


def _peer(found: Agreements, own: str, peer: str, on: date, spoilt: str | None) -> Finding:
    name, asks, asked = (
        f"treaties {peer}",
        _codes(found, own, peer, on),
        _codes(found, peer, own, on),
    )
    told = f"{own} asks {peer} by {asks or 'nothing'}; {peer} asks {own} by {asked or 'nothing'}"
    if asks and asked and spoilt is None:
        return fine(name, told)
    if spoilt is not None:
        told = f"{told}; a profile cannot be read: {spoilt}"
    step = "agree on a profile: rogatory federation pair propose (CEREMONY.md, 4)"
    return warned(name, told, step)


def _codes(found: Agreements, requesting: str, requested: str, on: date) -> str:
    counts = found.between(requesting, requested, on)
    return ", ".join(each.code for each in counts.pair.in_force(on)) if counts is not None else ""
