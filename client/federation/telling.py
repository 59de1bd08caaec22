"""Say what a draft changes, who has signed it, and how a repository stands: also to be read aloud."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from tuf.api.metadata import Root, Targets

from client.federation import describing, drafting
from client.federation.folder import Held
from client.federation.wording import plain
from shared.protocol import ceremonies, trust
from shared.protocol.canonical import Json
from shared.protocol.drafts import Draft, JoinRequest, country_of
from shared.protocol.signingkeys import fingerprint
from shared.protocol.suspensions import suspensions

SOON = timedelta(days=30)
LINE = 60  # characters of a value that are shown whole


def changes(draft: Draft, held: Held) -> list[str]:
    """Say what a draft changes, against what holds."""
    signed = draft.metadata.signed
    first = f"{draft.role} {signed.version}, until {signed.expires:%Y-%m-%d}"
    if isinstance(signed, Root):
        return [first, *_root_changes(signed, held.root)]
    if draft.role == "targets":
        return [first, *_targets_changes(signed, held.targets)]
    assert draft.document is not None
    digest = fingerprint(sha256(draft.document).hexdigest())
    return [first, f"  document {digest}", *_document_changes(draft, held)]


def signatures(draft: Draft, held: Held) -> list[str]:
    """Say who has signed and how many are missing, for each that must agree."""
    return [line for each in _offices(draft, held) for line in each]


def is_complete(draft: Draft, held: Held) -> bool:
    """Whether as many have signed as it takes."""
    return all(
        len(ceremonies.signers(draft.role, draft.metadata, each))
        >= ceremonies.office_of(each, draft.role).threshold
        for each in drafting.delegators(draft, held)
    )


def standing(held: Held, now: datetime) -> tuple[list[str], list[str]]:
    """Say how a repository stands, and what is wrong with it."""
    lines = [f"root {held.needed_root.version}, until {held.needed_root.expires:%Y-%m-%d}"]
    for role in drafting.SEATS:
        lines += _seats(held.needed_root, role)
    flaws = _ending("root", held.needed_root.expires, now)
    if held.targets is None:
        return lines, [*flaws, "there is no list of countries that is signed as it must be"]
    lines.append(f"targets {held.targets.version}, until {held.targets.expires:%Y-%m-%d}")
    flaws += _ending("targets", held.targets.expires, now)
    for country in held.countries:
        told, wrong = _country(held, country, now)
        lines, flaws = [*lines, *told], [*flaws, *wrong]
    return [*lines, *describing.standing_of_all(held, now.date())], flaws


def told(draft: Draft, held: Held, ground: Held) -> Json:
    """Write the same for programs."""
    signed = draft.metadata.signed
    return {
        "role": draft.role,
        "version": signed.version,
        "expires": int(signed.expires.timestamp()),
        "changes": [*changes(draft, held)],
        "signed": [*sorted(draft.metadata.signatures)],
        "complete": is_complete(draft, ground),
    }


def request(asked: JoinRequest) -> list[str]:
    """Say who asks to join, with which keys, and which of them have signed."""
    signed = asked.draft.metadata.signatures
    return [
        f"{asked.country} asks to join: {asked.office.threshold} of its keys are to sign",
        *(
            f"    {'signed' if key.keyid in signed else '  -   '}  {fingerprint(key.keyid)}"
            for key in asked.office.keys
        ),
    ]


def view(found: Mapping[str, Json]) -> list[str]:
    """Say how a node's view of the directory stands."""
    members, says = found.get("members"), found.get("says")
    lines = [f"{found.get('state')} ({found.get('level')}), from {found.get('source')}"]
    if isinstance(members, dict):
        lines += [f"  {country} {status}" for country, status in members.items()]
    return lines + ([f"  ! {each}" for each in says] if isinstance(says, list) else [])


def _offices(draft: Draft, held: Held) -> Iterator[list[str]]:
    for number, delegator in enumerate(drafting.delegators(draft, held)):
        office = ceremonies.office_of(delegator, draft.role)
        done = ceremonies.signers(draft.role, draft.metadata, delegator)
        whose = " (the new root's own keys)" if number else ""
        yield [
            f"  {len(done)} of {office.threshold} signatures{whose}",
            *(
                f"    {'signed' if key.keyid in done else '  -   '}  {fingerprint(key.keyid)}"
                for key in office.keys
            ),
        ]


def _root_changes(new: Root, old: Root | None) -> Iterator[str]:
    for role in drafting.SEATS:
        before = set(old.roles[role].keyids) if old is not None else set()
        after = set(new.roles[role].keyids)
        yield from (f"  {role} loses {fingerprint(keyid)}" for keyid in sorted(before - after))
        yield from (f"  {role} gains {fingerprint(keyid)}" for keyid in sorted(after - before))
        if old is None or old.roles[role].threshold != new.roles[role].threshold:
            yield f"  {role}: {new.roles[role].threshold} must sign"


def _targets_changes(new: Targets, old: Targets | None) -> Iterator[str]:
    before, after = (_delegated(each) for each in (old, new))
    for country in sorted(before.keys() | after.keys()):
        if before.get(country) != after.get(country):
            words = (
                "leaves" if country not in after else "joins" if country not in before else "has"
            )
            yield f"  {country} {words}{_keys(after.get(country))}"
    was, now = (dict(suspensions(each)) if each is not None else {} for each in (old, new))
    for country in sorted(was.keys() | now.keys()):
        if country not in now:
            yield f"  {country} is taken up again"
        elif was.get(country) != now[country]:
            yield f"  {country} is SUSPENDED: {plain(now[country].reason)}"


def _delegated(targets: Targets | None) -> dict[str, tuple[int, tuple[str, ...]]]:
    delegations = targets.delegations if targets is not None else None
    roles = (delegations.roles or {}) if delegations is not None else {}
    return {
        country_of(name): (role.threshold, tuple(sorted(role.keyids)))
        for name, role in roles.items()
    }


def _keys(office: tuple[int, tuple[str, ...]] | None) -> str:
    if office is None:
        return ""
    threshold, keyids = office
    return f": {threshold} of " + ", ".join(fingerprint(keyid) for keyid in keyids)


def _document_changes(draft: Draft, held: Held) -> Iterator[str]:
    assert draft.document is not None
    new = trust.Member.from_bytes(draft.document).model_dump(mode="json", by_alias=True)
    known = held.members.get(country_of(draft.role))
    old = known.model_dump(mode="json", by_alias=True) if known is not None else {}
    for name in new:
        if name == "pairs":
            yield from describing.changes(draft, held)
        elif new[name] != old.get(name):
            yield f"  {name}: {_short(new[name])}"


def _short(value: Json) -> str:
    text = value if isinstance(value, str) else repr(value)
    whole = plain(" ".join(text.split()))
    if len(whole) <= LINE:
        return whole
    return f"{whole[:40]}… (SHA-256 {sha256(text.encode()).hexdigest()[:16]})"


def _seats(root: Root, role: str) -> Sequence[str]:
    office = ceremonies.office_of(root, role)
    return [
        f"  {role}: {office.threshold} of {len(office.keys)}",
        *(f"    {fingerprint(key.keyid)}" for key in office.keys),
    ]


def _country(held: Held, country: str, now: datetime) -> tuple[list[str], list[str]]:
    member, role = held.members.get(country), held.roles.get(country)
    if member is None or role is None:
        return [f"{country}: no document"], [f"{country} has no document that holds"]
    status = "SUSPENDED" if country in held.suspended else member.status
    lines = [f"{country}: {status}, document {role.version}, until {role.expires:%Y-%m-%d}"]
    ends = datetime.fromtimestamp(member.not_after, now.tzinfo)
    return lines, [
        *_ending(f"the role of {country}", role.expires, now),
        *_ending(f"the document of {country}", ends, now),
    ]


def _ending(what: str, expires: datetime, now: datetime) -> list[str]:
    if expires <= now:
        return [f"{what} has expired"]
    return [f"{what} ends in {(expires - now).days} days"] if expires - now < SOON else []
