"""Every accepted kind of key gets in, each by its own algorithm; a certificate binds a token further."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from shared.protocol import canonical, jose
from tests.forging import ed25519_key, reforge, rsa_key
from tests.service.gateway.calling import Caller
from tests.service.gateway.conftest import World
from tests.service.gateway.enrolling import enrolled
from tests.service.gateway.workers import Behind, second_worker, shown

PATH = "/v1/ops/log"
CERTIFICATE, ANOTHER = b"DER of a certificate", b"DER of another"
KINDS: dict[str, Callable[[], dict[str, canonical.Json]]] = {
    "ES256": jose.generate,
    "PS256": rsa_key,
    "Ed25519": ed25519_key,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_may_have_keys_of_each_kind(world: World, kind: str) -> None:
    key = KINDS[kind]()
    client = enrolled(world.qm, f"of-{kind.lower()}", "oversight", key=key)
    client.proof_key = KINDS[kind]()
    assert client.ask().status_code == 200
    headers = {"X-Purpose": "case 7"}
    assert client.call("GET", "/v1/audit/key", headers=headers).status_code == 200


def test_an_assertion_by_another_algorithm_than_the_key_has_is_refused(world: World) -> None:
    client = enrolled(world.qm, "of-one-algorithm", "oversight", key=ed25519_key())
    for alg, status in {"EdDSA": 200, "ES256": 401, "PS256": 401, "RS256": 401}.items():
        assert client.key is not None
        text = reforge(client.key, client.assertion(), header={"alg": alg})
        answer = client.ask(client.form(client_assertion=text))
        assert answer.status_code in {status, 429 if status == 401 else status}, alg


@pytest.fixture(scope="module")
def wire(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with second_worker(world, tmp_path_factory.mktemp("second")) as client:
        yield client


def asked(client: Caller, certificate: bytes | None) -> str:
    headers = {"DPoP": client.proof("POST", "/oauth/token"), **shown(certificate)}
    answer = client.http.post("/oauth/token", data=client.form(), headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def called(client: Caller, certificate: bytes | None) -> int:
    return client.call("GET", PATH, headers=shown(certificate)).status_code


def test_a_token_asked_for_with_a_certificate_is_bound_to_it(
    world: World, wire: httpx.Client
) -> None:
    client = Behind(world.qm, "ops", client=wire)
    client.held = asked(client, CERTIFICATE)
    assert called(client, CERTIFICATE) == 200
    assert called(client, ANOTHER) == 401
    assert called(client, None) == 401
    # Nor at the door that knows no certificates, whatever the caller writes there.
    direct = Caller(world.qm, "ops", proof_key=client.proof_key, held=client.held)
    refused = direct.call("GET", PATH, headers=shown(CERTIFICATE))
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")


def test_without_a_certificate_the_proof_key_binds_alone(world: World, wire: httpx.Client) -> None:
    client = Behind(world.qm, "ops", client=wire)
    client.held = asked(client, None)
    assert called(client, None) == 200
    assert called(client, CERTIFICATE) == 200


def test_a_certificate_does_not_replace_the_proof(world: World, wire: httpx.Client) -> None:
    client = Behind(world.qm, "ops", client=wire)
    token = asked(client, CERTIFICATE)
    headers = {"Authorization": f"DPoP {token}", **shown(CERTIFICATE)}
    assert wire.get(PATH, headers=headers).status_code == 401


def test_only_behind_the_proxy_binding_is_announced(world: World, wire: httpx.Client) -> None:
    address, member = (
        "/.well-known/oauth-authorization-server",
        "tls_client_certificate_bound_access_tokens",
    )
    assert wire.get(address).json()[member] is True
    assert world.caller("ops").http.get(address).json()[member] is False


def test_70_d12_one_use_counts_for_both_workers(world: World, wire: httpx.Client) -> None:
    here = world.caller("ops")
    there = Behind(world.qm, "ops", client=wire, proof_key=here.proof_key, held=here.token())
    headers = here.headers("GET", PATH)
    assert here.http.get(PATH, headers=headers).status_code == 200
    assert there.http.get(PATH, headers=headers).status_code == 401
    form = there.form()
    assert there.ask(form).status_code == 200
    assert here.ask(form).json()["error"] == "invalid_client"


def test_d10_a_nonce_of_one_worker_counts_at_the_other(world: World, wire: httpx.Client) -> None:
    here = world.caller("ops")
    proof = here.proof("GET", PATH, access_token=here.token(), nonce="old")
    headers = {"Authorization": f"DPoP {here.token()}", "DPoP": proof}
    nonce = here.http.get(PATH, headers=headers).headers["dpop-nonce"]
    again = here.proof("GET", PATH, access_token=here.token(), nonce=nonce)
    assert wire.get(PATH, headers={**headers, "DPoP": again}).status_code == 200
