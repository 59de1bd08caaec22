import dataclasses
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol.approvals import (
    ACTS,
    APPROVAL_TYP,
    Approval,
    check_four_eyes,
    check_fresh,
    sign_approval,
    verify_approval,
)
from shared.protocol.canonical import b64u, encode, parse, unb64u
from shared.protocol.digests import sha384
from shared.protocol.errors import (
    ApprovalError,
    FormatError,
    ProtocolError,
    SignatureError,
    UnknownKeyError,
)
from shared.protocol.keys import OfficerKey
from tests.unit.shared.protocol.examples import DIGEST, HASH, IAT, PACKAGE, REQUEST

KEY, OTHER = OfficerKey.generate(), OfficerKey.generate()
REGISTRY = {key.kid: key.public() for key in (KEY, OTHER)}
SAID: dict[str, Any] = {
    "act": "request.prepare",
    "object_id": REQUEST,
    "version": 3,
    "digest": DIGEST,
}


def _signed(key: OfficerKey = KEY, **changes: Any) -> str:  # noqa: ANN401
    return sign_approval(key, **{**SAID, "iat": IAT, "officer": "QM-officer-1", **changes})


JWS = _signed()


def test_an_approval_is_verified_as_it_was_signed() -> None:
    approval = verify_approval(JWS, REGISTRY, **SAID)

    assert approval == Approval(
        **SAID,
        decision="approve",
        iat=IAT,
        officer="QM-officer-1",
        kid=KEY.kid,
        hash=sha384(JWS.encode()).hex(),
    )
    assert approval.reference().to_json() == {
        "act": "request.prepare",
        "officer_kid": KEY.kid,
        "hash": approval.hash,
    }


def test_the_payload_has_the_members_of_the_specification() -> None:
    assert parse(unb64u(JWS.split(".")[1])) == {
        "v": 1,
        "act": "request.prepare",
        "object": REQUEST,
        "version": 3,
        "digest": DIGEST,
        "decision": "approve",
        "iat": IAT,
        "officer": "QM-officer-1",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"act": "request.approve"},
        {"object_id": PACKAGE},
        {"version": 4},
        {"digest": "00" * 32},
        {"digest": HASH},
    ],
    ids=str,
)
def test_an_approval_covers_nothing_else(changes: dict[str, Any]) -> None:
    with pytest.raises(ApprovalError):
        verify_approval(JWS, REGISTRY, **{**SAID, **changes})


def test_a_rejection_is_no_approval() -> None:
    with pytest.raises(ApprovalError, match="rejected"):
        verify_approval(_signed(decision="reject"), REGISTRY, **SAID)


def test_the_key_must_be_of_an_officer_who_may_do_this() -> None:
    with pytest.raises(UnknownKeyError):
        verify_approval(JWS, {OTHER.kid: OTHER.public()}, **SAID)


def test_another_key_under_this_key_id_does_not_verify() -> None:
    with pytest.raises(SignatureError):
        verify_approval(JWS, {KEY.kid: OTHER.public()}, **SAID)


@pytest.mark.parametrize(
    "changes",
    [
        {"act": "request.send"},
        {"object_id": "r1"},
        {"version": -1},
        {"version": True},
        {"digest": "00"},
        {"digest": "00" * 40},
        {"decision": "yes"},
        {"iat": -1},
        {"officer": ""},
        {"officer": "x" * 101},
    ],
    ids=str,
)
def test_an_approval_with_a_flaw_is_not_signed(changes: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        _signed(**changes)


def _forged(header: dict[str, Any] | None = None, payload: bytes | None = None) -> str:
    """Sign what `sign_approval` would not."""
    own: Any = parse(KEY.key.header(APPROVAL_TYP))
    said = payload if payload is not None else unb64u(JWS.split(".")[1])
    signature = KEY.key.sign(APPROVAL_TYP, said)
    return f"{b64u(encode({**own, **(header or {})}))}.{b64u(said)}.{signature}"


@pytest.mark.parametrize(
    "jws",
    [
        _forged({"alg": "none"}),
        _forged({"alg": "ES256"}),
        _forged({"alg": "HS256"}),
        _forged({"typ": "JWT"}),
        _forged({"typ": "rogatory-entry+jws"}),
        _forged({"kid": 5}),
        _forged({"crit": []}),
        _forged({"jwk": {}}),
        _forged(payload=b"{}"),
        _forged(payload=b"approve"),
        _forged(payload=encode({"v": 2})),
        _forged(payload=unb64u(JWS.split(".")[1]) + b" "),
        "W10." + JWS.partition(".")[2],
        "",
        "..",
        JWS + ".",
        JWS + "=",
        " " + JWS,
        JWS.replace(".", ".\n", 1),
        JWS[: JWS.rindex(".")],
        "é" + JWS,
        JWS + "A" * 4096,
    ],
    ids=range(22),
)
def test_what_is_no_approval_is_refused(jws: str) -> None:
    with pytest.raises(FormatError):
        verify_approval(jws, REGISTRY, **SAID)


def test_an_empty_signature_does_not_hold() -> None:
    with pytest.raises(SignatureError):
        verify_approval(JWS[: JWS.rindex(".") + 1], REGISTRY, **SAID)


@given(st.integers(0, len(JWS) - 1), st.characters(codec="ascii"))
def test_any_changed_character_is_refused(place: int, sign: str) -> None:
    changed = JWS[:place] + sign + JWS[place + 1 :]
    if changed == JWS:
        return

    with pytest.raises(ProtocolError):
        verify_approval(changed, REGISTRY, **SAID)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100))
def test_an_officer_is_read_as_written(officer: str) -> None:
    assert verify_approval(_signed(officer=officer), REGISTRY, **SAID).officer == officer


def _second(**changes: Any) -> Approval:  # noqa: ANN401
    parts = {**SAID, "act": "request.approve"}
    jws = _signed(OTHER, act="request.approve", officer="QM-officer-2")
    return dataclasses.replace(verify_approval(jws, REGISTRY, **parts), **changes)


FIRST = verify_approval(JWS, REGISTRY, **SAID)


def test_four_eyes_are_two_people_with_two_keys() -> None:
    check_four_eyes(FIRST, _second())


@pytest.mark.parametrize(
    "changes",
    [
        {"kid": KEY.kid},
        {"officer": "QM-officer-1"},
        {"officer": "qm-OFFICER-1"},
        {"act": "request.prepare"},
        {"act": "package.clear"},
        {"object_id": PACKAGE},
        {"version": 4},
        {"digest": "00" * 32},
    ],
    ids=["key", "officer", "OFFICER", "prepare", "clear", "object", "version", "digest"],
)
def test_two_approvals_that_are_not_four_eyes_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ApprovalError):
        check_four_eyes(FIRST, _second(**changes))


def test_who_prepares_does_not_release() -> None:
    prepared = dataclasses.replace(FIRST, act="package.prepare")
    with pytest.raises(ApprovalError):
        check_four_eyes(prepared, dataclasses.replace(FIRST, act="package.release"))
    check_four_eyes(prepared, _second(act="package.release"))


def test_fourteen_acts_take_an_officer() -> None:
    assert len(ACTS) == 14
    assert {act.partition(".")[0] for act in ACTS} == {
        "request", "package", "finding", "conditions", "court", "duty", "onward", "retention",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("later", "fresh"), [(0, True), (899, True), (900, False), (-30, True), (-31, False)]
)
def test_leave_to_read_counts_for_minutes(*, later: int, fresh: bool) -> None:
    granted = dataclasses.replace(FIRST, act="package.receive")
    with nullcontext() if fresh else pytest.raises(ApprovalError):
        check_fresh(granted, granted.iat + later)
