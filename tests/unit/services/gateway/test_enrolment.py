"""What a client may be, and what may be done about one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.gateway import enrolment
from services.gateway.admission import ROLES
from services.gateway.records import Act, Draft, Enrolled, Key, Status
from shared.protocol import jwk
from shared.runtime.refusals import Conflict, Refusal, Unprocessable

NOW = 1_800_000_000
DAY = 86_400
JWK = jwk.public_part(jwk.generate())
ID = "urn:rogatory:QM:new"


def key(*, nbf: int = NOW, exp: int = NOW + 100 * DAY) -> Key:
    drawn = jwk.public_part(jwk.generate())
    return Key(kid=str(drawn["kid"]), jwk=drawn, nbf=nbf, exp=exp)


def client(**changes: Any) -> Enrolled:  # noqa: ANN401 - any member
    whole = Enrolled(
        client_id=ID,
        role="preparer",
        scopes=("requests:read",),
        status=Status.ACTIVE,
        version=3,
        tokens_not_before=0,
        keys=(key(),),
    )
    return replace(whole, **changes)


def draft(act: Act, **given: Any) -> Draft:  # noqa: ANN401 - any member
    members: dict[Act, dict[str, Any]] = {
        Act.ADD: {"role": "preparer", "scopes": ("requests:read",), "keys": (key(),)},
        Act.ROTATE: {"keys": (key(),), "overlap": timedelta(days=7)},
        Act.SCOPES: {"scopes": ("requests:write",)},
    }
    return Draft(act=act, client_id=ID, reason="why", **{**members.get(act, {}), **given})


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"client_id": "https://qn.example"}, id="an address"),
        pytest.param({"client_id": "urn:rogatory:QN:new"}, id="another country"),
        pytest.param({"client_id": "urn:rogatory:QM:A Person"}, id="a person"),
        pytest.param({"client_id": "urn:rogatory:QM:k' or 1=1--"}, id="sql"),
        pytest.param({"role": "emperor"}, id="no role"),
        pytest.param({"role": "peer", "scopes": ("node:deliver",)}, id="a peer"),
        pytest.param({"scopes": ()}, id="no scope"),
        pytest.param({"scopes": ("requests:read", "requests:read")}, id="a scope twice"),
        pytest.param({"scopes": ("requests:read", "packages:approve")}, id="prepare and approve"),
        pytest.param({"scopes": ("requests:read", "ops:health")}, id="ops and content"),
        pytest.param({"keys": (key(exp=NOW + 367 * DAY),)}, id="a key for over a year"),
        pytest.param({"keys": (key(exp=NOW - 1),)}, id="a key that ends first"),
        pytest.param({"keys": (replace(key(), kid="other"),)}, id="a key by another name"),
    ],
)
def test_61_there_is_no_such_client(changes: dict[str, Any]) -> None:
    enrolment.check(client(), "QM")
    with pytest.raises(Unprocessable):
        enrolment.check(client(**changes), "QM")


def test_61_a_role_of_both_sides_stops_the_start() -> None:
    enrolment.check_roles()
    both = frozenset({"packages:prepare", "packages:approve"})
    with pytest.raises(Unprocessable) as refused:
        enrolment.check_roles({**ROLES, "both": both})
    assert refused.value.code == "scopes_apart"


@pytest.mark.parametrize(
    ("status", "act", "after"),
    [
        (None, Act.ADD, Status.ACTIVE),
        (Status.ACTIVE, Act.ROTATE, Status.ACTIVE),
        (Status.ACTIVE, Act.SCOPES, Status.ACTIVE),
        (Status.ACTIVE, Act.SUSPEND, Status.SUSPENDED),
        (Status.ACTIVE, Act.RETIRE, Status.RETIRED),
        (Status.SUSPENDED, Act.RESUME, Status.ACTIVE),
        (Status.SUSPENDED, Act.RETIRE, Status.RETIRED),
    ],
)
def test_an_act_leads_on(status: Status | None, act: Act, after: Status) -> None:
    before = None if status is None else client(status=status)
    assert enrolment.following(before, draft(act), NOW).status is after


@pytest.mark.parametrize(
    ("status", "act"),
    [
        (status, act)
        for status in (None, *Status)
        for act in enrolment.RULES
        if (status, act)
        not in {
            (None, Act.ADD),
            (Status.ACTIVE, Act.ROTATE),
            (Status.ACTIVE, Act.SCOPES),
            (Status.ACTIVE, Act.SUSPEND),
            (Status.ACTIVE, Act.RETIRE),
            (Status.SUSPENDED, Act.RESUME),
            (Status.SUSPENDED, Act.RETIRE),
        }
    ],
)
def test_no_other_act_is_open(status: Status | None, act: Act) -> None:
    before = None if status is None else client(status=status)
    with pytest.raises(Conflict):
        enrolment.following(before, draft(act), NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(draft(Act.ADD, role=None), id="no role"),
        pytest.param(draft(Act.ADD, keys=()), id="no key"),
        pytest.param(draft(Act.SUSPEND, scopes=("requests:read",)), id="scopes to suspend"),
        pytest.param(draft(Act.SCOPES, keys=(key(),)), id="keys in passing"),
        pytest.param(draft(Act.ROTATE, role="ops"), id="a role in passing"),
        pytest.param(draft(Act.ROTATE, overlap=timedelta(days=32)), id="too long"),
        pytest.param(draft(Act.ROTATE, overlap=timedelta(seconds=-1)), id="backwards"),
    ],
)
def test_an_act_takes_what_it_needs_and_nothing_in_passing(wrong: Draft) -> None:
    before = None if wrong.act is Act.ADD else client()
    with pytest.raises(Unprocessable):
        enrolment.following(before, wrong, NOW)


def test_old_and_new_key_overlap() -> None:
    before = client()
    after = enrolment.following(before, draft(Act.ROTATE), NOW)
    old, new = after.keys
    assert (old.exp, new.exp) == (NOW + 7 * DAY, NOW + 100 * DAY)
    assert old.counts(NOW)
    assert new.counts(NOW)
    assert after.tokens_not_before == 0


def test_without_overlap_the_old_keys_and_their_tokens_end_at_once() -> None:
    before = client(keys=(key(), key(nbf=NOW + 5 * DAY)))
    after = enrolment.following(before, draft(Act.ROTATE, overlap=timedelta(0)), NOW)
    assert [each.counts(NOW) for each in after.keys] == [False, False, True]
    assert not any(each.counts(NOW + 6 * DAY) for each in after.keys[:2])
    assert after.tokens_not_before == NOW + 1
    enrolment.check(after, "QM")


def test_a_third_key_waits() -> None:
    with pytest.raises(Conflict) as refused:
        enrolment.following(client(keys=(key(), key())), draft(Act.ROTATE), NOW)
    assert refused.value.code == "too_many_keys"
    ended = client(keys=(key(exp=NOW), key()))
    assert len(enrolment.following(ended, draft(Act.ROTATE), NOW).keys) == 3


def test_who_is_shut_out_loses_its_tokens() -> None:
    assert enrolment.following(client(), draft(Act.SUSPEND), NOW).tokens_not_before == NOW + 1


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"d": "AAAA"}, id="private"),
        pytest.param({"kty": "oct", "k": "AAAA"}, id="symmetric"),
        pytest.param({"kid": "another"}, id="another name"),
        pytest.param({"exp": None}, id="no end"),
        pytest.param({"exp": "soon"}, id="an end in words"),
        pytest.param({"exp": NOW}, id="ended"),
        pytest.param({"exp": NOW + 367 * DAY}, id="for over a year"),
        pytest.param({"nbf": True}, id="a truth for a time"),
        pytest.param({"jku": "https://evil.example"}, id="an address to fetch"),
    ],
)
def test_no_such_key(changes: dict[str, Any]) -> None:
    given = {name: value for name, value in {**JWK, "exp": NOW + DAY, **changes}.items() if value}
    with pytest.raises(Refusal) as refused:
        enrolment.read_key(given, now=NOW)
    assert refused.value.code == "bad_client_key"


def test_a_key_is_named_by_its_thumbprint() -> None:
    read = enrolment.read_key({**JWK, "exp": NOW + DAY}, now=NOW)
    assert (read.kid, read.nbf, read.exp) == (JWK["kid"], NOW, NOW + DAY)
    assert read.jwk == JWK
    assert enrolment.read_key(JWK, now=NOW, life=timedelta(days=1)).exp == NOW + DAY
