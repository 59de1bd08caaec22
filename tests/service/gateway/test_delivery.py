"""How we call a peer that asks for nonces, forgets tokens, redirects, lies or is away."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.gateway.delivery import Delivery, Identity
from shared.protocol import dpop, jose, tokens
from shared.protocol.jose import TokenError
from shared.runtime.edge import EdgeProtocol
from shared.runtime.refusals import Refusal, Unavailable
from tests.federated import document
from tests.service.gateway.sites import Live
from tests.service.gateway.sockets import Certificates, listening, make_certificates, now, serving

OURS = "https://localhost:1"
TOKEN = {"access_token": "token", "expires_in": 300}
NONCE = {"DPoP-Nonce": "n-1"}


@dataclass
class Peer:
    """A gateway of QN that answers by a script; it writes down what it was asked."""

    url: str
    certificates: Certificates
    tokens: list[Response] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    proofs: list[dpop.Proof] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    bound, port = listening()
    folder = tmp_path_factory.mktemp("peer")
    peer = Peer(f"https://127.0.0.1:{port}", make_certificates(folder / "peer"))
    app = FastAPI(openapi_url=None)

    @app.post("/oauth/token")
    async def token(request: Request) -> Response:
        _note(peer, request, None)
        peer.forms.append(dict(parse_qsl((await request.body()).decode())))
        return peer.tokens.pop(0) if peer.tokens else JSONResponse(TOKEN)

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    def anything(request: Request) -> Response:
        _note(peer, request, request.headers["authorization"].removeprefix("DPoP "))
        return peer.answers.pop(0) if peer.answers else JSONResponse({"ok": True})

    with serving(app, bound, certificates=peer.certificates, protocol=EdgeProtocol):
        yield peer


def _note(peer: Peer, request: Request, token: str | None) -> None:
    proof = dpop.verify_proof(
        request.headers["dpop"],
        method=request.method,
        url=peer.url + request.url.path,
        now=now(),
        access_token=token,
    )
    peer.proofs.append(proof)
    peer.headers.append(dict(request.headers))


@pytest.fixture
def peer(listener: Peer, live: Live) -> Peer:
    for written in (
        listener.tokens,
        listener.answers,
        listener.proofs,
        listener.forms,
        listener.headers,
    ):
        written.clear()
    _publish(live, listener)
    return listener


def _publish(live: Live, peer: Peer, anchors: Path | None = None) -> None:
    anchor = (anchors or peer.certificates.ca).read_text()
    live.repository.publish(document("QN", gateway=peer.url, issuer=peer.url, tls_anchors=[anchor]))
    live.directory.refresh()


@pytest.fixture
def delivery(live: Live) -> Delivery:
    identity = Identity(client_id=OURS, assertion_key=jose.generate(), proof_key=jose.generate())
    return Delivery(identity, directory=live.directory, clock=live.clock)


def call(
    delivery: Delivery, method: str = "GET", path: str = "/peer/v1/heads"
) -> tuple[int, bytes]:
    answer = delivery.call("QN", method, path, headers={}, body=b"")
    return answer.status, answer.read()


def test_a_token_is_got_once_and_used_again(peer: Peer, delivery: Delivery) -> None:
    for _ in range(3):
        assert call(delivery) == (200, b'{"ok":true}')
    (form,) = peer.forms
    assert form["scope"] == "node:deliver"
    assert tokens.claimed_client(form["client_assertion"]) == OURS
    assert len({proof.jkt for proof in peer.proofs}) == 1


def test_a_token_near_its_end_is_renewed(peer: Peer, delivery: Delivery) -> None:
    peer.tokens += [JSONResponse({"access_token": "short", "expires_in": 20})]
    call(delivery)
    call(delivery)
    assert len(peer.forms) == 2


def test_a_token_that_no_longer_counts_is_renewed(peer: Peer, delivery: Delivery) -> None:
    call(delivery)
    peer.answers += [Response(status_code=401)]
    assert call(delivery)[0] == 200
    assert len(peer.forms) == 2


def test_a_nonce_is_given_back(peer: Peer, delivery: Delivery) -> None:
    peer.tokens += [JSONResponse({"error": "use_dpop_nonce"}, 400, NONCE)]
    peer.answers += [Response(status_code=401, headers={"DPoP-Nonce": "n-2"})]
    assert call(delivery)[0] == 200
    assert [proof.nonce for proof in peer.proofs] == [None, "n-1", "n-1", "n-2"]


def refusal(delivery: Delivery) -> tuple[int, str]:
    with pytest.raises(Refusal) as caught:
        call(delivery)
    return caught.value.status, caught.value.code


def test_a_peer_that_does_not_know_us_is_named(peer: Peer, delivery: Delivery) -> None:
    peer.tokens += [JSONResponse({"error": "invalid_client"}, 401)]
    assert refusal(delivery) == (502, "peer_refuses_us")
    peer.answers += [Response(status_code=401) for _ in range(3)]
    assert refusal(delivery) == (502, "peer_refuses_us")


@pytest.mark.parametrize("content", ["x", "[]", '{"access_token":1}', '{"access_token":"a"}'])
def test_a_token_that_is_none_is_refused(peer: Peer, delivery: Delivery, content: str) -> None:
    peer.tokens += [Response(content)]
    assert refusal(delivery) == (502, "peer_refuses_us")


@pytest.mark.parametrize("status", [429, 503])
def test_a_peer_that_asks_to_wait_is_waited_for(
    peer: Peer, delivery: Delivery, status: int
) -> None:
    peer.tokens += [Response(status_code=status, headers={"Retry-After": "7"})]
    with pytest.raises(Unavailable) as caught:
        call(delivery, "GET", "/peer/v1/heads")
    assert (caught.value.code, caught.value.headers) == ("peer_busy", {"Retry-After": "7"})


def test_a_peer_that_is_broken_is_away(peer: Peer, delivery: Delivery) -> None:
    peer.tokens += [Response(status_code=503)]
    assert refusal(delivery) == (504, "peer_unreachable")


def test_errors_of_the_peer_pass(peer: Peer, delivery: Delivery) -> None:
    peer.answers += [JSONResponse({"code": "gap", "expected": 4}, 409)]
    status, body = call(delivery, "POST", "/peer/v1/entries")
    assert (status, body) == (409, b'{"code":"gap","expected":4}')


def test_59_no_redirect_is_followed(peer: Peer, delivery: Delivery) -> None:
    peer.answers += [Response(status_code=302, headers={"Location": "http://169.254.169.254/"})]
    assert refusal(delivery) == (502, "peer_redirects")


def test_59_only_the_anchor_of_the_directory_counts(
    peer: Peer, delivery: Delivery, live: Live, tmp_path: Path
) -> None:
    other = make_certificates(tmp_path / "other")
    _publish(live, peer, anchors=other.ca)
    assert refusal(delivery) == (502, "peer_untrusted")
    assert peer.proofs == []
    _publish(live, peer)
    assert call(delivery)[0] == 200


def test_a_peer_that_is_not_there_is_away(live: Live, delivery: Delivery, peer: Peer) -> None:
    bound, port = listening()
    bound.close()
    live.repository.publish(
        document(
            "QN",
            gateway=f"https://127.0.0.1:{port}",
            issuer=f"https://127.0.0.1:{port}",
            tls_anchors=[peer.certificates.ca.read_text()],
        )
    )
    live.directory.refresh()
    assert refusal(delivery) == (504, "peer_unreachable")


def test_a_proof_is_for_one_address(peer: Peer, delivery: Delivery) -> None:
    call(delivery, path="/peer/v1/entries?epoch=0&from=1")
    with pytest.raises(TokenError):
        dpop.verify_proof("x", method="GET", url=peer.url, now=now())
    assert len(peer.proofs) == 2


def test_nothing_of_the_inside_leaves(peer: Peer, delivery: Delivery) -> None:
    """What a peer sees of us: who we are there, and what the entry needs."""
    content = {"content-type": "application/json"}
    answer = delivery.call("QN", "POST", "/peer/v1/entries", headers=content, body=b"{}")
    assert answer.status == 200
    token, entry = peer.headers
    transport = {"host", "accept-encoding", "user-agent", "content-length", "content-type", "dpop"}
    assert set(token) == transport
    assert set(entry) == transport | {"authorization"}
    assert entry["host"] == peer.url.removeprefix("https://")


def test_59_a_member_that_says_it_is_inside_is_not_called(live: Live, peer: Peer) -> None:
    """Its document is well signed; that makes no address of ours its own."""
    abroad = Identity(
        client_id="https://qm.example", assertion_key=jose.generate(), proof_key=jose.generate()
    )
    delivery = Delivery(abroad, directory=live.directory, clock=live.clock)
    assert refusal(delivery) == (502, "forbidden_address")
    assert peer.headers == []
