"""No kind of token passes for another, and each says exactly what it should."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.protocol import dpop, jose, tokens
from shared.protocol import internal as assertions
from shared.protocol.jose import TokenError
from tests.forging import reforge

KEY, OTHER = jose.generate(), jose.generate()
PUBLIC = jose.public_part(KEY)
NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
ISSUER, CLIENT = "https://gateway.example", "urn:rogatory:QM:preparer"


def assertion() -> str:
    return tokens.sign_assertion(KEY, client_id=CLIENT, issuer=ISSUER, now=NOW)


def access() -> str:
    token = tokens.AccessToken(
        issuer=ISSUER,
        client_id=CLIENT,
        country="QM",
        role="preparer",
        scopes=("requests:read", "requests:write"),
        jkt="thumbprint",
        issued=AT,
        expires=AT + 300,
        jti=tokens.new_jti(),
    )
    return tokens.sign_access_token(KEY, token)


def internal() -> str:
    claims: jose.Claims = {
        "iss": "gateway",
        "aud": "exchange",
        "sub": CLIENT,
        "cc": "QM",
        "scope": "requests:read",
        **assertions.bound("GET", "/v1/requests", None),
        "iat": AT,
        "exp": AT + 30,
        "jti": tokens.new_jti(),
        "officer": "Ada",
        "purpose": "case 7",
    }
    return assertions.sign(KEY, claims)


def check_assertion(text: str, now: datetime = NOW) -> tokens.ClientAssertion:
    return tokens.verify_assertion(text, [PUBLIC], client_id=CLIENT, issuer=ISSUER, now=now)


def check_access(text: str, now: datetime = NOW) -> tokens.AccessToken:
    return tokens.verify_access_token(text, [PUBLIC], issuer=ISSUER, now=now)


def check_internal(text: str, now: datetime = NOW) -> assertions.Internal:
    return assertions.verify(
        text,
        {"gateway": [PUBLIC]},
        audience="exchange",
        method="GET",
        target="/v1/requests",
        now=now,
    )


def check_proof(text: str) -> dpop.Proof:
    return dpop.verify_proof(text, method="GET", url=ISSUER, now=NOW)


KINDS: dict[str, tuple[Callable[[], str], Callable[[str], object]]] = {
    "assertion": (assertion, check_assertion),
    "access": (access, check_access),
    "internal": (internal, check_internal),
    "proof": (lambda: dpop.sign_proof(KEY, method="GET", url=ISSUER, now=NOW), check_proof),
}


@pytest.mark.parametrize("made", KINDS)
@pytest.mark.parametrize("wanted", KINDS)
def test_each_kind_passes_as_itself_alone(made: str, wanted: str) -> None:
    text = KINDS[made][0]()
    if made == wanted:
        assert KINDS[wanted][1](text)
        return
    with pytest.raises(TokenError):
        KINDS[wanted][1](text)


def test_an_assertion_tells_who_claims_to_ask() -> None:
    assert tokens.claimed_client(assertion()) == CLIENT
    proven = check_assertion(assertion())
    assert (proven.client_id, proven.expires) == (CLIENT, AT + 60)


@pytest.mark.parametrize(
    "claims", [{"iat": AT + 8, "nbf": AT + 8}, {"exp": AT + 330}, {"iat": None}, {"extra": 1}]
)
def test_an_assertion_may_differ_in_what_does_not_matter(claims: dict[str, Any]) -> None:
    assert check_assertion(reforge(KEY, assertion(), claims=claims)).client_id == CLIENT


@pytest.mark.parametrize("typ", [None, "JWT", "client-authentication+jwt"])
def test_an_assertion_may_leave_its_type_out(typ: str | None) -> None:
    proven = check_assertion(reforge(KEY, assertion(), header={"typ": typ}))
    assert proven.client_id == CLIENT


ASSERTIONS: list[tuple[dict[str, Any], str]] = [
    ({"aud": ISSUER + "/oauth/token"}, "aud"),
    ({"aud": [ISSUER]}, "aud"),
    ({"aud": [ISSUER, "https://other.example"]}, "aud"),
    ({"aud": ISSUER + "/"}, "aud"),
    ({"aud": ISSUER.upper()}, "aud"),
    ({"aud": None}, "aud"),
    ({"iss": "urn:rogatory:QM:approver"}, "sub"),
    ({"sub": "urn:rogatory:QM:approver"}, "sub"),
    ({"sub": None}, "sub"),
    ({"iss": None}, "iss"),
    ({"exp": None}, "exp"),
    ({"exp": AT - 300}, "exp"),
    ({"exp": AT - 10}, "exp"),
    ({"exp": AT + 331}, "exp"),
    ({"exp": AT + 3600}, "exp"),
    ({"exp": str(AT + 60)}, "exp"),
    ({"exp": True}, "exp"),
    ({"iat": AT + 61}, "iat"),
    ({"nbf": AT + 61}, "nbf"),
    ({"jti": None}, "jti"),
    ({"jti": "short"}, "jti"),
]


@pytest.mark.parametrize(("claims", "reason"), ASSERTIONS)
def test_an_assertion_that_says_otherwise_is_refused(claims: dict[str, Any], reason: str) -> None:
    with pytest.raises(TokenError) as caught:
        check_assertion(reforge(KEY, assertion(), claims=claims))
    assert caught.value.facts["reason"] == reason


@pytest.mark.parametrize(
    "kid", ["k1' or 1=1--", 7, jose.thumbprint(OTHER)], ids=["sql", "number", "another"]
)
def test_an_assertion_names_a_registered_key(kid: object) -> None:
    with pytest.raises(TokenError) as caught:
        check_assertion(reforge(KEY, assertion(), header={"kid": kid}))
    assert caught.value.facts["reason"] == "kid"


def test_an_assertion_is_signed_by_the_key_it_names() -> None:
    with pytest.raises(TokenError) as caught:
        check_assertion(reforge(OTHER, assertion()))
    assert caught.value.facts["reason"] == "signature"


def test_an_access_token_says_what_was_granted() -> None:
    token = check_access(access())
    assert token.scopes == ("requests:read", "requests:write")
    assert (token.client_id, token.role, token.country) == (CLIENT, "preparer", "QM")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": ISSUER}, "aud"),
        ({"iss": "https://other.example"}, "iss"),
        ({"client_id": "urn:rogatory:QM:approver"}, "iss"),
        ({"cnf": None}, "cnf"),
        ({"cnf": "text"}, "cnf"),
        ({"cnf": {}}, "jkt"),
        ({"exp": AT - 10}, "exp"),
        ({"scope": 1}, "scope"),
        ({"cc": None}, "cc"),
        ({"role": ""}, "role"),
        ({"jti": "short"}, "jti"),
    ],
)
def test_an_access_token_that_says_otherwise_is_refused(
    claims: dict[str, Any], reason: str
) -> None:
    with pytest.raises(TokenError) as caught:
        check_access(reforge(KEY, access(), claims=claims))
    assert caught.value.facts["reason"] == reason


@pytest.mark.parametrize("header", [{"kid": jose.thumbprint(OTHER)}, {"typ": "JWT"}])
def test_an_access_token_is_of_its_kind_and_ours(header: dict[str, Any]) -> None:
    with pytest.raises(TokenError):
        check_access(reforge(KEY, access(), header=header))


def test_an_internal_assertion_says_on_whose_behalf() -> None:
    claims = check_internal(internal())
    assert (claims.issuer, claims.client_id, claims.country) == ("gateway", CLIENT, "QM")
    assert (claims.scope, claims.officer, claims.purpose) == ("requests:read", "Ada", "case 7")


def test_a_service_may_call_for_itself() -> None:
    alone = dict.fromkeys(("sub", "cc", "scope", "officer", "purpose"))
    claims = check_internal(reforge(KEY, internal(), claims=alone))
    assert (claims.client_id, claims.country, claims.scope) == (None, None, "")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "courier"}, "iss"),
        ({"aud": "audit"}, "aud"),
        ({"htm": "POST"}, "path"),
        ({"path": "/v1/packages"}, "path"),
        ({"exp": AT - 10}, "exp"),
        ({"exp": AT + 31}, "exp"),
        ({"iat": None}, "iat"),
        ({"officer": 1}, "officer"),
        ({"jti": "short"}, "jti"),
    ],
)
def test_an_internal_assertion_is_for_one_call(claims: dict[str, Any], reason: str) -> None:
    with pytest.raises(TokenError) as caught:
        check_internal(reforge(KEY, internal(), claims=claims))
    assert caught.value.facts["reason"] == reason


@pytest.mark.parametrize("kind", ["assertion", "access", "internal"])
def test_time_ends_every_token(kind: str) -> None:
    make, check = KINDS[kind]
    text = make()
    late: Callable[..., object] = check
    with pytest.raises(TokenError, match="expired"):
        late(text, NOW + timedelta(minutes=10))
