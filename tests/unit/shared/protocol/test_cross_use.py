"""RFC 8725, 3.12: six kinds of signed token, and no door takes another's, not even one that says it all."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.protocol import approvals, dpop, internal, jose, tokens
from shared.protocol.errors import ProtocolError
from shared.protocol.keys import OfficerKey
from tests.forging import forge, parts

# One key for all of them, which nobody has: so that nothing but the kind tells them apart.
KEY, OFFICER = jose.generate(), OfficerKey.generate()
PUBLIC = jose.public_part(KEY)
NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
URL, CLIENT, OTHER = "https://gateway.example", "urn:rogatory:QM:preparer", "https://login.example"
ACT: Mapping[str, Any] = {
    "act": "request.approve",
    "object_id": "0193e1a0-0000-7000-8000-000000000001",
    "version": 1,
    "digest": "ab" * 32,
}


def access() -> str:
    token = tokens.AccessToken(
        issuer=URL,
        client_id=CLIENT,
        country="QM",
        role="preparer",
        scopes=("requests:read",),
        jkt=jose.thumbprint(KEY),
        issued=AT,
        expires=AT + 300,
        jti=tokens.new_jti(),
    )
    return tokens.sign_access_token(KEY, token)


def external() -> str:
    header, claims = parts(access())
    return forge(KEY, {**header, "kid": "k"}, {**claims, "iss": OTHER})


def assertion_inside() -> str:
    claims: jose.Claims = {"iss": "gateway", "aud": "exchange", "jti": tokens.new_jti()}
    bound = internal.bound("GET", "/v1/requests", None)
    return internal.sign(KEY, {**claims, **bound, "iat": AT, "exp": AT + 30})


MADE: dict[str, Callable[[], str]] = {
    "assertion": lambda: tokens.sign_assertion(KEY, client_id=CLIENT, issuer=URL, now=NOW),
    "proof": lambda: dpop.sign_proof(KEY, method="GET", url=URL, now=NOW),
    "access": access,
    "external": external,
    "internal": assertion_inside,
    "approval": lambda: approvals.sign_approval(OFFICER, **ACT, iat=AT, officer="QM-approver"),
}
DOORS: dict[str, Callable[[str], object]] = {
    "assertion": lambda text: tokens.verify_assertion(
        text, [PUBLIC], client_id=CLIENT, issuer=URL, now=NOW
    ),
    "proof": lambda text: dpop.verify_proof(text, method="GET", url=URL, now=NOW),
    "access": lambda text: tokens.verify_access_token(text, [PUBLIC], issuer=URL, now=NOW),
    "external": lambda text: tokens.verify_external_token(
        text,
        {"k": PUBLIC, jose.thumbprint(KEY): PUBLIC},
        issuer=OTHER,
        audience=tokens.api_audience(URL),
        now=NOW,
    ),
    "internal": lambda text: internal.verify(
        text,
        {"gateway": [PUBLIC]},
        audience="exchange",
        method="GET",
        target="/v1/requests",
        now=NOW,
    ),
    "approval": lambda text: approvals.verify_approval(
        text, {OFFICER.public().kid: OFFICER.public()}, **ACT
    ),
}


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("door", DOORS)
def test_each_kind_passes_at_its_own_door_alone(made: str, door: str) -> None:
    text = MADE[made]()
    if made == door:
        assert DOORS[door](text)
        return
    with pytest.raises(ProtocolError):
        DOORS[door](text)


@pytest.mark.parametrize("made", [kind for kind in MADE if kind != "approval"])
@pytest.mark.parametrize("door", DOORS)
def test_to_say_what_the_door_wants_to_hear_does_not_help(made: str, door: str) -> None:
    """The claims and the key are the door's; only the header is that of another kind."""
    if {made, door} <= {"access", "external"} or made == door:
        return  # the same kind, of two servers: told apart by `iss`, in the table above
    header = parts(MADE[made]())[0]
    claims = {**parts(MADE[made]())[1], **parts(MADE[door]())[1]}
    with pytest.raises(ProtocolError):
        DOORS[door](forge(KEY, header, claims))
