"""What countries say in their documents of the profiles between them: to name one, to take it back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from client.errors import StateError, UsageError
from client.federation.folder import Held
from shared.protocol import trust
from shared.protocol.agreements import PairName
from shared.protocol.law.agreed import Agreement, Agreements, Unread, read_named
from shared.protocol.law.instruments import read_instrument
from shared.protocol.law.pairreading import read_pair
from shared.protocol.trust import Member

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A profile that somebody names: who does, and what it says where it is at hand."""

    name: PairName
    named_by: Sequence[str]
    agreement: Agreement | None
    unread: Unread | None = None  # why there is no agreement

    @property
    def is_agreed(self) -> bool:
        """Whether both name it."""
        return set(self.named_by) == self.name.countries

    def counts(self, on: date) -> bool:
        """Whether it could count on a day; of several that could, one that began later does."""
        return self.is_agreed and self.agreement is not None and self.agreement.holds(on)


def name_of(content: bytes, instruments: Sequence[bytes]) -> tuple[PairName, Files]:
    """Name a profile and the instruments that it pins.

    Returns:
        The name, and the files by path.

    Raises:
        ProfileError: one of them has mistakes.
        UsageError: an instrument that it does not pin.
    """
    pinned = {_digest(each): read_instrument(each) for each in sorted(instruments, key=_digest)}
    pair = read_pair(content, pinned)
    for digest, instrument in pinned.items():
        if digest not in {each.profile for each in pair.instrument}:
            raise UsageError(
                f"the profile pins no {instrument.code} with SHA-256 {digest}",
                code="not_pinned",
                next_step=f'write profile = "{digest}" in its [[instrument]]',
            )
    told = {"requesting": pair.requesting, "requested": pair.requested, "sha256": _digest(content)}
    name = PairName.model_validate({**told, "instruments": tuple(pinned)} if pinned else told)
    contents = {_digest(each): each for each in (content, *instruments)}
    digests = (name.sha256, *name.instruments)
    return name, {path: contents[each] for path, each in zip(name.paths, digests, strict=True)}


def with_name(member: Member, name: PairName, *, only: bool = False) -> Member:
    """Name a profile in a document; with `only`, no other of this pair any more.

    Raises:
        StateError: it names it already.
        UsageError: it does not concern the country.
    """
    if member.country not in name.countries:
        raise UsageError(
            f"the profile is of {name.requesting} and {name.requested}, not of {member.country}",
            code="not_concerned",
        )
    if name in member.pairs:
        raise StateError(f"{member.country} names this profile already", code="named_already")
    kept = [each for each in member.pairs if not (only and _same_pair(each, name))]
    return _naming(member, (*kept, name))


def without(member: Member, requesting: str, requested: str, digest: str = "") -> Member:
    """Take back the profiles of a pair: all, or those whose digest begins so.

    Raises:
        StateError: there is none.
    """
    kept = tuple(
        each
        for each in member.pairs
        if (each.requesting, each.requested) != (requesting, requested)
        or not each.sha256.startswith(digest)
    )
    if kept == member.pairs:
        raise StateError(
            f"{member.country} names no such profile of {requesting} and {requested}",
            code="not_named",
        )
    return _naming(member, kept)


def standings(
    named: Mapping[str, Sequence[PairName]], files: Files, requesting: str, requested: str
) -> list[Standing]:
    """Say of every profile of a pair that somebody names who does, and what it says."""
    found: dict[PairName, list[str]] = {}
    for country in (requesting, requested):
        for name in named.get(country, ()):
            if (name.requesting, name.requested) == (requesting, requested):
                found.setdefault(name, []).append(country)
    return [_standing(name, who, files) for name, who in found.items()]


def counting(found: Sequence[Standing], on: date) -> Standing | None:
    """Return the one that counts on a day."""
    agreed = [each for each in found if each.is_agreed]
    known = Agreements(
        read=[each.agreement for each in agreed if each.agreement is not None],
        unread=[each.unread for each in agreed if each.unread is not None],
    )
    for each in agreed:
        counts = known.between(each.name.requesting, each.name.requested, on)
        if counts is not None and counts is each.agreement:
            return each
    return None


def held_names(held: Held) -> dict[str, Sequence[PairName]]:
    """Return what the documents of a repository name."""
    return {country: member.pairs for country, member in held.members.items()}


def in_bundle(bundle: bytes, pinned_root: bytes) -> tuple[dict[str, Sequence[PairName]], Files]:
    """Return what the documents of a trust bundle name, and the files in it; raises as `read_bundle`."""
    members = trust.read_bundle(bundle, pinned_root)
    named: dict[str, Sequence[PairName]] = {}
    named.update({str(country): member.pairs for country, member in members.items()})
    return named, trust.read_parts(bundle).pairs


def _naming(member: Member, names: tuple[PairName, ...]) -> Member:
    return member.model_copy(update={"pairs": names})


def _same_pair(one: PairName, other: PairName) -> bool:
    return (one.requesting, one.requested) == (other.requesting, other.requested)


def read(name: PairName, files: Files) -> Agreement | None:
    """Read a profile by its name; none if it is not at hand, or has mistakes."""
    found = read_named(name, files)
    return found if isinstance(found, Agreement) else None


def _standing(name: PairName, who: Sequence[str], files: Files) -> Standing:
    found = read_named(name, files)
    if isinstance(found, Unread):
        return Standing(name=name, named_by=who, agreement=None, unread=found)
    return Standing(name=name, named_by=who, agreement=found)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
