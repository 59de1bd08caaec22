"""Tokens of another authorization server: what it vouches for, and where its word ends."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.gateway.external import ExternalError, ExternalIssuer, read_issuers, read_keys
from shared.protocol import canonical, jose
from shared.protocol.jose import TokenError
from tests.forging import ed25519_key, forge, rsa_key
from tests.service.gateway.conftest import World
from tests.service.gateway.enrolling import enrolled, suspend
from tests.service.gateway.sockets import now
from tests.service.gateway.workers import Behind, second_worker

ISSUER, AUDIENCE = "https://login.example", "https://gateway.example/api"
PATH = "/v1/ops/log"
KEYS = {"es": jose.generate(), "ps": rsa_key(), "ed": ed25519_key()}


def public(name: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {**jose.public_part(KEYS[name]), "kid": name, "use": "sig", **members}


def write(folder: Path, *keys: Mapping[str, Any]) -> Path:
    path = folder / "login.jwks.json"
    path.write_bytes(canonical.encode({"keys": list(keys)}))
    return path


def configured(folder: Path, **changes: Any) -> Path:  # noqa: ANN401 - any JSON
    known = {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "jwks": "login.jwks.json",
        "roles": ["ops"],
        **changes,
    }
    path = folder / "issuers.json"
    path.write_bytes(canonical.encode({"issuers": [known]}))
    return path


def token(name: str, jkt: str, **changes: Any) -> str:  # noqa: ANN401
    """A token as a Keycloak makes it: its own subject, more scopes and members than we know."""
    at = int(now().timestamp())
    header = {"typ": "at+jwt", "kid": name, **changes.pop("header", {})}
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "f:7:service-account",
        "azp": "urn:x",
        "scope": "profile ops:health packages:approve",
        "iat": at,
        "exp": at + 600,
        "jti": jose.new_jti(),
        "cnf": {"jkt": jkt},
        **changes,
    }
    return forge(
        KEYS[name],
        header,
        {k: at + v if type(v) is int and v < 9999 else v for k, v in claims.items()},
    )


@dataclass
class Site:
    folder: Path
    client: Behind

    def call(self, text: str) -> tuple[int, str]:
        headers = self.client.headers("GET", PATH, text)
        answer = self.client.http.get(PATH, headers=headers)
        return answer.status_code, "" if answer.is_success else str(answer.json()["code"])

    def token(self, name: str = "es", **changes: Any) -> str:  # noqa: ANN401
        given = {"client_id": self.client.client_id, **changes}
        return token(name, jose.thumbprint(self.client.proof_key), **given)


@pytest.fixture(scope="module")
def wire(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[httpx.Client, Path]]:
    folder = tmp_path_factory.mktemp("external")
    write(folder, *(public(name) for name in KEYS))
    with second_worker(world, folder / "data", external_issuers=configured(folder)) as client:
        yield client, folder


@pytest.fixture
def site(world: World, wire: tuple[httpx.Client, Path]) -> Site:
    client, folder = wire
    return Site(folder, Behind(world.qm, "ops", client=client))


@pytest.mark.parametrize("name", KEYS)
def test_a_token_of_the_named_server_counts(site: Site, name: str) -> None:
    assert site.call(site.token(name)) == (200, "")


def test_ours_count_as_before(site: Site) -> None:
    assert site.client.call("GET", PATH).status_code == 200


def test_its_scopes_count_within_those_of_the_client(site: Site) -> None:
    held = site.token(scope="packages:approve requests:read")
    assert site.call(held) == (403, "insufficient_scope")


ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "no such client": ({"client_id": "urn:rogatory:QM:nobody"}, "invalid_token"),
    "another audience": ({"aud": "https://other.example"}, "invalid_token"),
    "two audiences": ({"aud": [AUDIENCE, "account"]}, "invalid_token"),
    "another issuer": ({"iss": "https://evil.example"}, "invalid_token"),
    "bound to no key": ({"cnf": None}, "invalid_token"),
    "bound to a certificate alone": ({"cnf": {"x5t#S256": "x"}}, "invalid_token"),
    "expired": ({"exp": -11}, "invalid_token"),
    "from the future": ({"iat": 61}, "invalid_token"),
    "lives longer than an hour": ({"exp": 3601}, "invalid_token"),
    "no jti": ({"jti": None}, "invalid_token"),
    "an unknown key": ({"header": {"kid": "x"}}, "invalid_token"),
    "another algorithm": ({"header": {"alg": "RS256"}}, "invalid_token"),
    "not typed as a token": ({"header": {"typ": "JWT"}}, "invalid_token"),
    "jku": ({"header": {"jku": "https://evil.example"}}, "invalid_token"),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_token_that_says_otherwise_is_refused(site: Site, row: str) -> None:
    changes, code = ROWS[row]
    assert site.call(site.token(**changes)) == (401, code)


def test_one_audience_may_be_a_list(site: Site) -> None:
    assert site.call(site.token(aud=[AUDIENCE])) == (200, "")


def test_it_speaks_for_no_other_country(world: World, site: Site) -> None:
    assert site.call(site.token(client_id=world.qn.url, scope="node:deliver"))[0] == 401


def test_it_is_believed_for_the_named_roles_alone(world: World, site: Site) -> None:
    """A captured server cannot admit its own clients."""
    for role in ("registrar", "approver"):
        assert site.call(site.token(client_id=world.qm.client_id(role)))[0] == 401


def test_a_thief_of_the_token_has_no_proof(world: World, site: Site) -> None:
    thief = Site(site.folder, Behind(world.qm, "ops", client=site.client.client))
    assert thief.call(site.token()) == (401, "invalid_token")


def test_43_a_suspended_client_is_out_whoever_vouches(world: World, site: Site) -> None:
    enrolled(world.qm, "vouched", "ops")
    client_id = world.qm.client_id("vouched")
    held = site.token(client_id=client_id)
    assert site.call(held) == (200, "")
    suspend(world.qm, client_id, by="registrar")
    assert site.call(held) == (401, "invalid_token")


def test_a_key_that_is_taken_out_ends_its_tokens(site: Site) -> None:
    held = site.token("ed")
    assert site.call(held) == (200, "")
    path = write(site.folder, public("es"), public("ps"))
    try:
        assert site.call(held) == (401, "invalid_token")
        path.write_bytes(b"half a fi")
        assert site.call(site.token("es")) == (200, ""), "a broken file changes nothing"
        path.unlink()
        assert site.call(site.token("es")) == (200, "")
    finally:
        write(site.folder, *(public(name) for name in KEYS))
    assert site.call(site.token("ed")) == (200, "")


def test_another_key_under_its_name_ends_its_tokens(site: Site) -> None:
    held = site.token("ed")
    assert site.call(held) == (200, "")
    new = {**jose.public_part(ed25519_key()), "kid": "ed", "use": "sig"}
    write(site.folder, public("es"), public("ps"), new)
    try:
        assert site.call(held) == (401, "invalid_token")
    finally:
        write(site.folder, *(public(name) for name in KEYS))
    assert site.call(held) == (200, "")


def test_it_is_the_pinned_keys_that_count(tmp_path: Path) -> None:
    kept = [public("es"), {"kty": "oct", "kid": "s", "k": "AA"}, {"kty": "EC"}, 7]
    kept += [public("ps", kid="rs", alg="RS256"), public("ps", kid="enc", use="enc")]
    path = write(tmp_path, *kept, public("ps", x5c=["MII"], alg="PS256"))  # type: ignore[arg-type]
    assert set(read_keys(path)) == {"es", "ps"}


BROKEN: dict[str, tuple[dict[str, Any] | None, dict[str, Any]]] = {
    "no keys": ({"kty": "oct"}, {}),
    "no key of use": (public("es", use="enc"), {}),
    "our own name": (public("es"), {"issuer": "https://own"}),
    "not an address": (public("es"), {"issuer": "login"}),
    "an unknown member": (public("es"), {"x": 1}),
    "no key file": (None, {}),
    "an unknown role": (public("es"), {"roles": ["emperor"]}),
    "both who propose and who admit": (public("es"), {"roles": ["ops", "registrar"]}),
    "for peers": (public("es"), {"roles": ["peer"]}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_used_stops_the_start(tmp_path: Path, name: str) -> None:
    key, changes = BROKEN[name]
    if key is not None:
        write(tmp_path, key)
    with pytest.raises(ExternalError):
        read_issuers(configured(tmp_path, **changes), own="https://own")


def test_without_the_file_there_is_no_start(tmp_path: Path) -> None:
    with pytest.raises(ExternalError):
        read_issuers(tmp_path / "none.json", own="https://own")


def test_a_token_says_nothing_of_country_and_role(tmp_path: Path) -> None:
    issuer = ExternalIssuer(ISSUER, AUDIENCE, write(tmp_path, public("es")), ["ops"])
    read = issuer.verify(token("es", "x" * 43, client_id="urn:x", role="registrar", cc="QN"), now())
    assert (read.country, read.role, read.kid) == ("", "", jose.thumbprint(public("es")))
    with pytest.raises(TokenError):
        issuer.verify(token("ps", "x" * 43, client_id="urn:x"), now())
