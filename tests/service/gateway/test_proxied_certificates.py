"""Client certificates through the real proxy (RFC 9440, RFC 8705): bound, demanded, and never forged."""

import base64
import hashlib
import ssl
from collections.abc import Iterator

import httpx
import pytest

from shared.protocol import canonical
from tests.edges import CADDY, EdgeSite, serve_edge, skip_without_caddy
from tests.service.gateway.calling import Caller
from tests.service.gateway.sockets import Certificates, make_certificates


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Certificates]:
    """Certificates of callers: of the authority that the proxy knows, and of another one."""
    folder = tmp_path_factory.mktemp("clients")
    return {name: make_certificates(folder / name) for name in ("known", "stranger")}


@pytest.fixture(scope="module")
def edge(
    tmp_path_factory: pytest.TempPathFactory, clients: dict[str, Certificates]
) -> Iterator[EdgeSite]:
    skip_without_caddy(CADDY)
    with serve_edge(
        tmp_path_factory.mktemp("mutual"),
        CADDY,
        ROGATORY_CLIENT_AUTH="client-certificates",
        ROGATORY_CLIENT_CA=str(clients["known"].ca),
    ) as site:
        yield site


def showing(edge: EdgeSite, shown: Certificates) -> httpx.Client:
    context = ssl.create_default_context(cafile=str(edge.node.certificates.ca))
    context.load_cert_chain(shown.certificate, shown.key)
    return httpx.Client(base_url=edge.url, verify=context, trust_env=False, timeout=30)


def ask(caller: Caller, client: httpx.Client) -> str:
    headers = {"DPoP": caller.proof("POST", "/oauth/token")}
    answer = client.post("/oauth/token", data=caller.form(), headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def thumbprint(shown: Certificates) -> str:
    der = ssl.PEM_cert_to_DER_cert(shown.certificate.read_text())
    return canonical.b64u(hashlib.sha256(der).digest())


def confirmation(token: str) -> dict[str, str]:
    claims = canonical.read(canonical.unb64u(token.split(".")[1]))
    assert isinstance(claims, dict)
    bound = claims["cnf"]
    assert isinstance(bound, dict)
    return {name: str(value) for name, value in bound.items()}


def test_a_token_is_bound_to_the_certificate_that_was_shown(
    edge: EdgeSite, clients: dict[str, Certificates]
) -> None:
    caller = edge.caller("preparer")
    with showing(edge, clients["known"]) as client:
        token = ask(caller, client)
        assert confirmation(token)["x5t#S256"] == thumbprint(clients["known"])
        headers = caller.headers("GET", "/v1/requests", token)
        assert client.get("/v1/requests", headers=headers).status_code == 200
    bare = caller.headers("GET", "/v1/requests", token)
    assert edge.http.get("/v1/requests", headers=bare).status_code == 401


def test_44_a_header_is_no_certificate(edge: EdgeSite, clients: dict[str, Certificates]) -> None:
    caller = edge.caller("preparer")
    with showing(edge, clients["known"]) as client:
        token = ask(caller, client)
    der = ssl.PEM_cert_to_DER_cert(clients["known"].certificate.read_text())
    forged = {"Client-Cert": f":{base64.b64encode(der).decode()}:"}
    headers = {**caller.headers("GET", "/v1/requests", token), **forged}
    assert edge.http.get("/v1/requests", headers=headers).status_code == 401


def test_49_a_certificate_of_a_strange_authority_ends_the_handshake(
    edge: EdgeSite, clients: dict[str, Certificates]
) -> None:
    with showing(edge, clients["stranger"]) as client, pytest.raises(httpx.TransportError):
        client.get("/healthz")


def test_without_a_certificate_nothing_changes(edge: EdgeSite) -> None:
    caller = edge.caller("preparer")
    assert "x5t#S256" not in confirmation(caller.token())
    assert caller.call("GET", "/v1/requests").status_code == 200
