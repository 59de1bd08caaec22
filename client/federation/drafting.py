"""Make drafts, and sign them: each step of a ceremony, on what a repository holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from securesystemslib.signer import Key, Signer
from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import Metadata, Root, Targets

from client.errors import StateError, UsageError
from client.federation.documents import check_apart, check_fit, check_pairs
from client.federation.folder import Held
from shared.protocol import ceremonies, trust
from shared.protocol.ceremonies import Office
from shared.protocol.drafts import Draft, JoinRequest

# How many keys each role of the root has, and how many of them must sign.
SEATS: Final[Mapping[str, tuple[int, int]]] = {
    "root": (ceremonies.ROOT_KEYS, ceremonies.ROOT_THRESHOLD),
    "targets": (ceremonies.TARGETS_KEYS, ceremonies.TARGETS_THRESHOLD),
    "snapshot": (1, 1),
    "timestamp": (1, 1),
}

NO_FILES: Final[Mapping[str, bytes]] = MappingProxyType({})


def offices(keys: Mapping[str, Sequence[Key]]) -> dict[str, Office]:
    """Seat keys in the roles of the root.

    Raises:
        UsageError: too few or too many for a role, or one key in two seats.
    """
    every = [key.keyid for each in keys.values() for key in each]
    if len(set(every)) != len(every):
        raise UsageError("one key cannot have two seats", code="same_key")
    for role, given in keys.items():
        number, needed = SEATS[role]
        if len(given) != number:
            raise UsageError(
                f"{role} has {number} keys, of which {needed} sign; {len(given)} are named",
                code="wrong_number_of_keys",
            )
    return {
        role: Office(keys=tuple(given), threshold=SEATS[role][1]) for role, given in keys.items()
    }


def begin(held: Held, keys: Mapping[str, Sequence[Key]], now: datetime) -> list[Draft]:
    """Begin a federation: the first root, and a list of no countries.

    Raises:
        StateError: there is a root already.
    """
    if held.root is not None:
        raise StateError("this repository has a root already", code="begun")
    return [
        Draft(role="root", metadata=ceremonies.first_root(offices(keys), now)),
        Draft(role="targets", metadata=ceremonies.first_targets(now)),
    ]


def rotate(held: Held, keys: Mapping[str, Sequence[Key]], now: datetime) -> list[Draft]:
    """Give roles of the root other keys; where the list of countries gets others, it is signed anew."""
    drafts = [
        Draft(role="root", metadata=ceremonies.next_root(held.needed_root, offices(keys), now))
    ]
    if "targets" in keys:
        drafts.append(_targets(ceremonies.renewed(held.needed_targets, now)))
    return drafts


def renew(held: Held, role: str, now: datetime) -> Draft:
    """Let a role say the same for its whole life again."""
    if role == "root":
        return Draft(role=role, metadata=ceremonies.next_root(held.needed_root, {}, now))
    if role == "targets":
        return _targets(ceremonies.renewed(held.needed_targets, now))
    return revise(held, _member(held, role), now)


def ask(
    held: Held, document: bytes, keys: Sequence[Key], threshold: int, now: datetime
) -> JoinRequest:
    """Ask to join: a document, and the keys that sign it from then on; nobody has signed yet.

    A member that lost the keys of its role asks in the same way, on the repository that knows it.
    """
    member = trust.Member.from_bytes(document)
    check_fit(member)
    office = Office(keys=tuple(keys), threshold=threshold)
    office.check(trust.role_name(member.country))
    return JoinRequest(
        country=member.country,
        office=office,
        draft=Draft(
            role=trust.role_name(member.country),
            metadata=ceremonies.vouch(document, version=_next(held, member.country), now=now),
            document=document,
        ),
    )


def admit(held: Held, request: JoinRequest, now: datetime) -> Draft:
    """Let a country in that has proven its keys and whose document holds.

    Raises:
        TrustError: a key has not signed, the document is unfit, or claims what is another's.
    """
    request.check()
    document = request.draft.document
    assert document is not None
    member = trust.Member.from_bytes(document)
    check_fit(member)
    check_apart(member, held.members)
    if request.draft.metadata.signed.version != _next(held, request.country):
        raise StateError(
            f"{request.country} has signed documents already",
            code="member_already",
            next_step="it asks again with a copy of this repository at hand",
        )
    return _targets(ceremonies.admit(held.needed_targets, request.country, request.office, now))


def suspend(held: Held, country: str, reason: str, now: datetime) -> Draft:
    """Suspend a member."""
    return _targets(ceremonies.suspend(held.needed_targets, country, reason=reason, now=now))


def resume(held: Held, country: str, now: datetime) -> Draft:
    """End a suspension."""
    return _targets(ceremonies.resume(held.needed_targets, country, now))


def expel(held: Held, country: str, now: datetime) -> Draft:
    """Take a member out."""
    return _targets(ceremonies.expel(held.needed_targets, country, now))


def revise(
    held: Held, member: trust.Member, now: datetime, files: Mapping[str, bytes] = NO_FILES
) -> Draft:
    """Draft a country's next document, with the profiles that it names for the first time.

    Raises:
        TrustError: it is unfit, or claims what is another's.
    """
    # Read again as everybody will: a change that makes no document is not signed.
    document = member.to_bytes()
    member = trust.Member.from_bytes(document)
    check_fit(member)
    check_apart(member, held.members)
    check_pairs(member, {**held.files, **files})
    version = _next(held, member.country)
    return Draft(
        role=trust.role_name(member.country),
        metadata=ceremonies.vouch(document, version=version, now=now),
        document=document,
        files=files,
    )


def sign(draft: Draft, signer: Signer, delegators: Sequence[Root | Targets]) -> bool:
    """Add a signature, if the key has a seat.

    Returns:
        Whether it has one.
    """
    keyid = signer.public_key.keyid
    seats = {
        key.keyid for each in delegators for key in ceremonies.office_of(each, draft.role).keys
    }
    if keyid not in seats:
        return False
    _add(draft, signer)
    return True


def sign_request(request: JoinRequest, signer: Signer) -> bool:
    """Add a signature to a request, if the key is one of those that it names."""
    if signer.public_key.keyid not in {key.keyid for key in request.office.keys}:
        return False
    _add(request.draft, signer)
    return True


def delegators(draft: Draft, held: Held) -> list[Root | Targets]:
    """Give whose keys must sign a draft: a root's by the root before and by itself."""
    if draft.role != "root":
        return [held.delegator(draft.role)]
    assert isinstance(draft.metadata.signed, Root)
    return [*([held.root] if held.root is not None else []), draft.metadata.signed]


def _targets(metadata: Metadata[Targets]) -> Draft:
    return Draft(role="targets", metadata=metadata)


def _next(held: Held, country: str) -> int:
    return held.latest.get(country, 0) + 1


def _add(draft: Draft, signer: Signer) -> None:
    try:
        draft.metadata.sign(signer, append=True)
    except UnsignedMetadataError as error:
        raise UsageError(f"the key does not sign: {error}", code="no_token") from error


def _member(held: Held, name: str) -> trust.Member:
    country = name.removeprefix(trust.role_name(""))
    member = held.members.get(country)
    if member is None:
        raise StateError(f"{country} has no document here", code="no_member")
    return member
