"""A session proves who calls, repeats what was lost if it may, and says what was refused and why."""

from pathlib import Path

import pytest

from client.clock import utc_now
from client.errors import (
    AccessError,
    ClientError,
    IntegrityError,
    MissingError,
    StateError,
    UnavailableError,
    UsageError,
)
from client.sdk.session import Session, connect
from client.sdk.wire import open_wire, pinned_context
from deploy.certificates import tls_authority
from shared.protocol import dpop, jose
from shared.protocol.canonical import Json
from tests.scripted_gateway import Answer, Call, Fault, Gateway, answer, octets, problem


def test_every_call_carries_a_token_and_a_fresh_proof(gateway: Gateway, session: Session) -> None:
    gateway.routes["GET /v1/x"] = answer({"a": 1})
    session.purpose = "yearly audit"
    assert session.get("/v1/x", state="S05", none=None) == {"a": 1}
    session.get("/v1/x")
    first, second = gateway.calls[-2:]
    assert first.query == {"state": ["S05"]}
    assert first.headers["Authorization"] == "DPoP token-1"
    assert first.headers["X-Officer"] == "QM-preparer"
    assert first.headers["X-Purpose"] == "yearly audit"
    proofs = {
        dpop.verify_proof(
            call.headers["DPoP"],
            method="GET",
            url=gateway.url + "/v1/x",
            now=utc_now(),
            access_token="token-1",
        ).jti
        for call in (first, second)
    }
    assert len(proofs) == 2
    assert gateway.issued == 1


def test_a_token_is_used_until_shortly_before_its_end(gateway: Gateway) -> None:
    session = connect(gateway.profile(), clock=utc_now)
    assert session.token() is session.token()
    assert session.token().scopes == ("requests:read",)
    gateway.life = 20  # seconds: less than the margin
    session = connect(gateway.profile(), clock=utc_now)
    assert session.token().text != session.token().text


def test_a_nonce_is_taken_and_the_call_repeated_once(gateway: Gateway, session: Session) -> None:
    challenge = problem(401, "use_dpop_nonce")
    challenge.headers["DPoP-Nonce"] = "fresh"
    challenge.headers["WWW-Authenticate"] = 'DPoP algs="ES256", error="use_dpop_nonce"'
    gateway.faults = [challenge]
    gateway.routes["GET /v1/x"] = answer({})
    session.get("/v1/x")
    proof = gateway.calls[-1].headers["DPoP"]
    claims = jose.parse(
        proof,
        jose.Profile(
            types=frozenset({"dpop+jwt"}),
            header=frozenset({"alg", "typ", "jwk"}),
            required=frozenset(),
        ),
    ).claims
    assert claims["nonce"] == "fresh"


def test_a_token_taken_back_is_replaced_and_the_call_repeated_once(
    gateway: Gateway, session: Session
) -> None:
    refusal = problem(401, "invalid_token")
    refusal.headers["WWW-Authenticate"] = 'DPoP algs="ES256", error="invalid_token"'
    gateway.routes["GET /v1/x"] = answer({})
    session.get("/v1/x")
    gateway.faults = [refusal]
    session.get("/v1/x")
    assert gateway.calls[-1].headers["Authorization"] == "DPoP token-2"
    gateway.routes["GET /v1/x"] = lambda _call: refusal
    with pytest.raises(AccessError):
        session.get("/v1/x")


def test_a_nonce_at_the_token_endpoint_as_well(gateway: Gateway, session: Session) -> None:
    def challenge(_call: Call) -> Answer:
        gateway.routes["POST /oauth/token"] = gateway.token
        said = answer({"error": "use_dpop_nonce"}, 400)
        return Answer(status=400, body=said.body, headers={"DPoP-Nonce": "fresh"})

    gateway.routes["POST /oauth/token"] = challenge
    assert session.token().text == "token-1"


def test_a_refused_token_is_an_access_error(gateway: Gateway, session: Session) -> None:
    refused: dict[str, Json] = {"error": "invalid_client", "error_description": "No such key."}
    gateway.routes["POST /oauth/token"] = answer(refused, 401)
    with pytest.raises(AccessError, match="No such key") as caught:
        session.token()
    assert caught.value.code == "invalid_client"


@pytest.mark.parametrize("granted", [{}, {"access_token": 1, "expires_in": 300, "scope": "x"}])
def test_an_unusable_token_is_refused(
    gateway: Gateway, session: Session, granted: dict[str, Json]
) -> None:
    gateway.routes["POST /oauth/token"] = answer(granted)
    with pytest.raises(AccessError, match="not usable"):
        session.token()


def test_a_gateway_by_another_name_is_not_the_one(gateway: Gateway, session: Session) -> None:
    path = "GET /.well-known/oauth-authorization-server"
    gateway.routes[path] = answer({"issuer": "https://other.example"})
    with pytest.raises(AccessError, match="calls itself"):
        session.token()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("fault", [Fault.LOSE_REQUEST, Fault.LOSE_ANSWER, problem(503, "away")])
def test_a_lost_call_is_repeated_if_that_is_safe(
    gateway: Gateway, session: Session, method: str, fault: Answer | Fault
) -> None:
    gateway.faults = [fault, fault]
    gateway.routes[f"{method} /v1/x"] = answer({"done": True})
    assert session.json(session.call(method, "/v1/x", body=b"{}")) == {"done": True}


def test_a_lost_post_is_not_repeated(gateway: Gateway, session: Session) -> None:
    gateway.routes["POST /v1/x"] = answer({})
    session.token()
    gateway.faults = [Fault.LOSE_ANSWER]
    with pytest.raises(UnavailableError, match="did not answer"):
        session.post("/v1/x")
    assert sum(call.path == "/v1/x" for call in gateway.calls) == 1


@pytest.mark.parametrize("fault", [Fault.LOSE_REQUEST, Fault.LOSE_ANSWER, problem(504, "away")])
def test_a_lost_post_about_a_case_is_repeated_under_its_key(
    gateway: Gateway, session: Session, fault: Answer | Fault
) -> None:
    gateway.routes["POST /v1/requests"] = answer({"done": True})
    session.token()
    gateway.faults = [fault, fault]
    assert session.post("/v1/requests", {"to": "QN"}) == {"done": True}
    session.post("/v1/requests", {"to": "QN"})
    *tries, another = [call for call in gateway.calls if call.path == "/v1/requests"]
    assert len({call.headers["Idempotency-Key"] for call in tries}) == 1
    assert len({call.body for call in tries}) == 1
    assert another.headers["Idempotency-Key"] != tries[0].headers["Idempotency-Key"]


def test_a_call_that_is_still_served_is_waited_for(gateway: Gateway, session: Session) -> None:
    gateway.routes["POST /v1/packages"] = answer({"done": True})
    session.token()
    served = problem(409, "idempotency_under_way")
    served.headers["Retry-After"] = "0"
    gateway.faults = [served]
    assert session.post("/v1/packages") == {"done": True}


def test_patience_ends(gateway: Gateway, session: Session) -> None:
    session.token()
    gateway.faults = [problem(503, "upstream_away", detail="The exchange is away.")] * 3
    with pytest.raises(UnavailableError, match="exchange is away") as caught:
        session.get("/v1/x")
    assert caught.value.exit_code == 7
    gateway.faults = [Fault.LOSE_REQUEST] * 3
    with pytest.raises(UnavailableError, match="did not answer"):
        session.get("/v1/x")


REFUSALS = {
    400: ClientError,
    401: AccessError,
    403: AccessError,
    404: MissingError,
    409: StateError,
    422: ClientError,
    500: ClientError,
    507: UnavailableError,
}


@pytest.mark.parametrize("status", REFUSALS)
def test_a_problem_is_an_error_that_says_all(
    gateway: Gateway, session: Session, status: int
) -> None:
    gateway.routes["POST /v1/x"] = problem(
        status, "a_code", detail="What.", rule="G19", next="Then.", expected="7"
    )
    with pytest.raises(REFUSALS[status], match="What") as caught:
        session.post("/v1/x", {"a": 1})
    error = caught.value
    assert type(error) is REFUSALS[status]
    assert (error.code, error.rule, error.next_step) == ("a_code", "G19", "Then.")
    assert error.to_json() == {
        "code": "a_code",
        "detail": "What.",
        "rule": "G19",
        "next": "Then.",
        "status": status,
        "expected": "7",
        "exit_code": error.exit_code,
    }


def test_a_digest_problem_is_one_of_integrity(gateway: Gateway, session: Session) -> None:
    gateway.routes["PUT /v1/x"] = problem(422, "digest_mismatch", detail="Other bytes came.")
    with pytest.raises(IntegrityError):
        session.put("/v1/x", {})


def test_a_page_of_a_proxy_is_told_by_its_status(gateway: Gateway, session: Session) -> None:
    gateway.routes["POST /v1/x"] = Answer(status=400, body=b"<html>")
    with pytest.raises(ClientError, match="the gateway answered 400"):
        session.post("/v1/x")
    gateway.routes["POST /v1/x"] = Answer(
        status=401, body=b"[]", headers={"WWW-Authenticate": 'DPoP error="invalid_token"'}
    )
    with pytest.raises(AccessError) as caught:
        session.post("/v1/x")
    assert caught.value.code == "invalid_token"


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"a":1.5}'])
def test_an_answer_that_is_no_json_object_is_refused(
    gateway: Gateway, session: Session, body: bytes
) -> None:
    gateway.routes["GET /v1/x"] = Answer(body=body)
    with pytest.raises(ClientError, match="answer"):
        session.get("/v1/x")


def test_an_answer_is_what_its_digest_says(gateway: Gateway, session: Session) -> None:
    gateway.routes["GET /v1/x"] = octets(b"{}")
    assert session.content(session.call("GET", "/v1/x")) == b"{}"
    gateway.routes["GET /v1/x"] = Answer(body=b"[]", headers=octets(b"{}").headers)
    with pytest.raises(IntegrityError):
        session.content(session.call("GET", "/v1/x"))


def test_an_answer_cut_short_is_no_answer(gateway: Gateway, session: Session) -> None:
    gateway.routes["GET /v1/x"] = Answer(body=b'{"a":1}', cut=3)
    with pytest.raises(UnavailableError):
        session.get("/v1/x")


def test_a_gateway_that_the_ca_does_not_vouch_for_is_not_trusted(
    gateway: Gateway, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(tls_authority("Stranger", utc_now()).pem)
    session = connect(gateway.profile(ca=stranger), clock=utc_now)
    with pytest.raises(AccessError, match="not vouched for"):
        session.token()


def test_a_ca_file_holds_certificates(gateway: Gateway, tmp_path: Path) -> None:
    for content in (b"", b"nothing"):
        (tmp_path / "ca.pem").write_bytes(content)
        with pytest.raises(UsageError, match="no certificates"):
            connect(gateway.profile(ca=tmp_path / "ca.pem"), clock=utc_now)


@pytest.mark.parametrize(
    "url", ["http://qm.example", "https://", "https://qm.example/x", "https://qm.example?x"]
)
def test_a_gateway_has_a_plain_address(gateway: Gateway, url: str) -> None:
    with pytest.raises(UsageError, match="not the address"):
        open_wire(url, pinned_context(gateway.folder / "ca.pem"))
