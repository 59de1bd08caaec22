"""What a client may be, and what may be done about one: rules without a database.

    (none) ──add──▶ active ──suspend──▶ suspended ──resume──▶ active
                       └──────────retire──────┴──▶ retired, for good

An active client is given new keys by `rotate` and other scopes by `scopes`. The rules hold for what is
stored, for what is read back, and for every client at each start: a row that came in by another way is
no client.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from services.gateway.addresses import APPROVE, CLIENT_ID, PROPOSE
from services.gateway.admission import APART, PEER_ROLE, ROLES
from services.gateway.records import Act, Draft, Enrolled, Key, Status
from shared.protocol import jwk as jwks
from shared.protocol.canonical import Json
from shared.protocol.jwk import TokenError
from shared.runtime.refusals import Conflict, Refusal, Unprocessable

MAX_KEYS: Final = 2  # that count or will: one in use and the one that follows it
KEY_LIFE: Final = timedelta(days=366)
OVERLAP: Final = timedelta(days=7)  # of old and new key, where the proposal does not say
MAX_OVERLAP: Final = timedelta(days=31)
WARNING: Final = timedelta(days=30)  # before a client's last key ends

_OPEN = {Status.ACTIVE, Status.SUSPENDED}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRule:
    """Who may ask for an act, from which state it leads to which; `at_once`: nobody else is asked."""

    proposers: frozenset[str]
    before: frozenset[Status]
    after: Status
    at_once: bool = False


def _rule(*before: Status, after: Status = Status.ACTIVE) -> ActRule:
    return ActRule(proposers=frozenset({PROPOSE}), before=frozenset(before), after=after)


RULES: Mapping[Act, ActRule] = {
    Act.ADD: _rule(),
    Act.ROTATE: _rule(Status.ACTIVE),
    Act.SCOPES: _rule(Status.ACTIVE),
    # Either of the two who look after clients, alone and now; to take it back takes both.
    Act.SUSPEND: ActRule(
        proposers=frozenset({PROPOSE, APPROVE}),
        before=frozenset({Status.ACTIVE}),
        after=Status.SUSPENDED,
        at_once=True,
    ),
    Act.RESUME: _rule(Status.SUSPENDED),
    Act.RETIRE: _rule(Status.ACTIVE, Status.SUSPENDED, after=Status.RETIRED),
}


def check(client: Enrolled, country: str) -> None:
    """Check that a client is one that there may be.

    Raises:
        Unprocessable: its name, its role, its scopes or its keys are not allowed.
    """
    if not re.fullmatch(CLIENT_ID, client.client_id) or client.client_id.split(":")[2] != country:
        raise Unprocessable(
            "client_id_malformed",
            f"A client is named urn:rogatory:{country}: and a short name in lower case.",
            next_step="An address is never a client: peers come from the directory.",
        )
    _check_scopes(client.role, client.scopes)
    for key in client.keys:
        _check_key(key)


def check_roles(roles: Mapping[str, frozenset[str]] = ROLES) -> None:
    """Check the table of roles itself: none holds scopes that stand apart.

    Raises:
        Unprocessable: one does.
    """
    for role, scopes in roles.items():
        _check_apart(role, scopes)


def following(before: Enrolled | None, draft: Draft, now: int) -> Enrolled:
    """Say what a client will be after an act.

    Args:
        before: as it is; None: there is none of that id.
        draft: what is to be done.
        now: seconds since 1970.

    Raises:
        Conflict: its state does not allow it.
        Unprocessable: the act lacks something, or has one thing too many.
    """
    _check_members(draft)
    if draft.act is Act.ADD:
        if before is not None:
            raise Conflict("client_exists", "There is, or was, a client of this id.")
        return _added(draft, now)
    if before is None:
        raise Conflict("no_such_client", "There is no client of this id.")
    rule = RULES[draft.act]
    if before.status not in rule.before:
        raise Conflict(
            "wrong_client_state",
            f"To {draft.act} is not possible: the client is {before.status}.",
            state=str(before.status),
        )
    changed = replace(before, status=rule.after, version=before.version + 1)
    match draft.act:
        case Act.ROTATE:
            return _rotated(changed, draft, now)
        case Act.SCOPES:
            return replace(changed, scopes=draft.scopes)
        case Act.SUSPEND | Act.RETIRE:
            return replace(changed, tokens_not_before=now + 1)
        case _:
            return changed


def read_key(jwk: Mapping[str, Json], *, now: int, life: timedelta | None = None) -> Key:
    """Read a public key as it is proposed: a JWK with `exp`, and `nbf` unless it counts from now.

    Args:
        jwk: the key.
        now: seconds since 1970.
        life: for how long it counts if it does not say so; None: it must.

    Raises:
        Unprocessable: it is none that a client may have.
    """
    nbf = jwk.get("nbf", now)
    exp = jwk.get("exp", None if life is None else now + int(life.total_seconds()))
    bare = {name: value for name, value in jwk.items() if name not in {"nbf", "exp", "kid"}}
    kid = _thumbprint(bare)
    if type(nbf) is not int or type(exp) is not int:
        raise _bad_key(
            "It says in `exp` (seconds since 1970) until when it counts, in `nbf` since when."
        )
    if jwk.get("kid", kid) != kid:
        raise _bad_key("Its kid is not its thumbprint (RFC 7638).")
    key = Key(kid=kid, jwk={**bare, "kid": kid}, nbf=nbf, exp=exp)
    if not key.live(now):
        raise _bad_key("It has ended already.")
    _check_key(key)
    return key


def _check_members(draft: Draft) -> None:
    """Each act takes what it needs and nothing else, so that nobody approves what has no effect."""
    given = {
        "role": draft.role is not None,
        "scopes": bool(draft.scopes),
        "keys": bool(draft.keys),
        "overlap": draft.overlap is not None,
    }
    needs = {
        Act.ADD: {"role", "scopes", "keys"},
        Act.ROTATE: {"keys", "overlap"},
        Act.SCOPES: {"scopes"},
    }.get(draft.act, set())
    wrong = sorted(name for name, there in given.items() if there != (name in needs))
    if wrong:
        raise Unprocessable(
            "wrong_members",
            f"To {draft.act} a client takes {', '.join(sorted(needs)) or 'nothing more'}.",
            members=wrong,
        )


def _added(draft: Draft, now: int) -> Enrolled:
    assert draft.role is not None
    return Enrolled(
        client_id=draft.client_id,
        role=draft.role,
        scopes=draft.scopes,
        status=Status.ACTIVE,
        version=1,
        tokens_not_before=0,
        keys=_of_two(draft.keys, now),
    )


def _rotated(client: Enrolled, draft: Draft, now: int) -> Enrolled:
    """The keys before end with the overlap. Without one they were stolen: their tokens end as well."""
    assert draft.overlap is not None
    if not timedelta(0) <= draft.overlap <= MAX_OVERLAP:
        raise Unprocessable("wrong_overlap", f"Keys overlap by 0 to {MAX_OVERLAP.days} days.")
    ends = now + int(draft.overlap.total_seconds())
    # One that does not count yet never will: it ends as it begins.
    before = tuple(replace(key, exp=max(key.nbf, min(key.exp, ends))) for key in client.keys)
    valid_from = client.tokens_not_before if draft.overlap else now + 1
    keys = _of_two((*before, *draft.keys), now)
    return replace(client, keys=keys, tokens_not_before=valid_from)


def _of_two(keys: tuple[Key, ...], now: int) -> tuple[Key, ...]:
    live = [key for key in keys if key.live(now)]
    if len(live) > MAX_KEYS:
        raise Conflict(
            "too_many_keys",
            f"A client has {MAX_KEYS} keys at a time.",
            next_step="Wait until the oldest has ended, or rotate without overlap.",
            ends=min(key.exp for key in live),
        )
    return keys


def _check_scopes(role: str, scopes: Sequence[str]) -> None:
    allowed = ROLES.get(role, frozenset()) if role != PEER_ROLE else frozenset()
    excess = sorted(set(scopes) - allowed)
    if not allowed or excess or not scopes or len(set(scopes)) != len(scopes):
        raise Unprocessable(
            "scopes_not_of_role",
            f"The role {role} is not one, or does not have exactly these scopes.",
            next_step="A client has one role, and some of its scopes, each once.",
            scopes=excess,
        )
    _check_apart(role, frozenset(scopes))


def _check_apart(role: str, scopes: frozenset[str]) -> None:
    for one, other in APART:
        if one & scopes and other & scopes:
            raise Unprocessable(
                "scopes_apart",
                f"The role {role} holds scopes that no one may hold together.",
                scopes=sorted((one | other) & scopes),
            )


def _check_key(key: Key) -> None:
    if _thumbprint(key.jwk) != key.kid:
        raise _bad_key("It is not the key of its thumbprint.")
    if not 0 < key.nbf <= key.exp:
        raise _bad_key("It ends before it begins.")
    if key.exp - key.nbf > KEY_LIFE.total_seconds():
        raise _bad_key(f"A key counts for {KEY_LIFE.days} days at most.")


def _thumbprint(jwk: Mapping[str, Json]) -> str:
    try:
        jwks.public_key(jwk)
        return jwks.thumbprint(jwk)
    except TokenError as error:
        raise _bad_key(error.detail) from error


def _bad_key(detail: str) -> Refusal:
    return Unprocessable(
        "bad_client_key",
        f"A key of the client is refused. {detail}",
        next_step="`rogatory client new-key` draws one; send its public part.",
    )
