"""`rogatory doctor` says what is wrong, and what to do about it."""

from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from client.clock import utc_now
from deploy.certificates import tls_authority
from shared.protocol.jose import thumbprint
from tests import pacts
from tests.federated import Repository, document
from tests.scripted_gateway import CLIENT, Answer, Gateway, answer
from tests.simulated_node import START
from tests.unit.client.cli.conftest import Cli, Ran


def registered(gateway: Gateway, life: timedelta, *, kid: str | None = None) -> Answer:
    """What the registry says of this client: one key, that counts so long."""
    until = int((utc_now() + life).timestamp())
    key = {"kid": kid or thumbprint(gateway.key), "nbf": 0, "exp": until}
    return answer({"client_id": CLIENT, "status": "active", "keys": [key]})


@pytest.fixture
def federation(gateway: Gateway, root: Path, tmp_path: Path) -> Repository:
    """A directory that knows this gateway as QM's."""
    made = Repository.make(tmp_path / "federation", START)
    made.publish(document("QM", gateway=gateway.url))
    root.write_bytes(made.root)
    gateway.routes["GET /v1/clients/self"] = registered(gateway, timedelta(days=300))
    gateway.routes["GET /v1/directory"] = lambda _: Answer(body=made.bundle())
    return made


def results(said: Ran) -> dict[str, str]:
    return {each["name"]: each["result"] for each in said.json["findings"]}


def told(said: Ran, name: str) -> str:
    (found,) = [each for each in said.json["findings"] if each["name"] == name]
    return f"{found['result']}: {found['detail']} → {found['next']}"


def test_all_is_well(known: Cli, gateway: Gateway, federation: Repository) -> None:
    assert federation.root
    said = known("doctor", "--json")
    assert (said.code, said.json["healthy"]) == (0, True)
    found = results(said)
    assert found.pop("key exchange") in {"ok", "WARN"}  # by the OpenSSL of this Python
    names = ["versions", "profile", "keys", "tls", "certificate gateway", "clock", "gateway"]
    names += ["token", "client key", "directory"]
    assert found == dict.fromkeys(names, "ok") | {"treaties QN": "WARN", "node": "-"}
    assert "QM asks QN by nothing" in told(said, "treaties QN")
    assert "TLSv1.3" in known("doctor").out
    assert not any("selftest" in call.path for call in gateway.calls)


def agreed(federation: Repository, gateway: Gateway, *texts: bytes) -> None:
    """Have both countries agree on a profile in each direction."""
    pairs = ("QM-QN", "QN-QM")
    names = [pacts.named(text, pair) for text, pair in zip(texts, pairs, strict=True)]
    federation.publish(document("QM", gateway=gateway.url, pairs=pacts.told(names)))
    federation.publish(document("QN", pairs=pacts.told(names)))
    files = {name.path: text for name, text in zip(names, texts, strict=True)}
    gateway.routes["GET /v1/directory"] = lambda _: Answer(body=federation.bundle(pairs=files))


def test_what_is_in_force_with_each_peer_is_told(
    known: Cli, gateway: Gateway, federation: Repository
) -> None:
    agreed(federation, gateway, pacts.text(), pacts.text("QN-QM"))
    said = known("doctor", "--json")
    assert told(said, "treaties QN").startswith("ok: QM asks QN by BUD, UNTOC, EIO, ")
    out = known("instrument", "in-force", "QM", "QN").out
    assert "BUD       since 2012-04-01" in out
    agreed(federation, gateway, pacts.text(), b"schema = 2")
    said = known("doctor", "--json")
    assert "QN asks QM by nothing; a profile cannot be read: line 1" in told(said, "treaties QN")
    assert known("instrument", "in-force", "QN", "QM").out.count("not readable here") == 1


@pytest.mark.usefixtures("federation")
def test_a_key_that_ends_or_is_not_known_is_told(known: Cli, gateway: Gateway) -> None:
    gateway.routes["GET /v1/clients/self"] = registered(gateway, timedelta(days=5))
    said = known("doctor", "--json")
    assert (said.code, results(said)["client key"]) == (0, "WARN")
    assert "client rotate" in told(said, "client key")
    gateway.routes["GET /v1/clients/self"] = registered(gateway, timedelta(days=5), kid="other")
    said = known("doctor", "--json")
    assert (said.code, results(said)["client key"]) == (4, "FAILED")


def test_without_a_profile_login_is_next(cli: Cli) -> None:
    said = cli("doctor")
    assert (said.code, "next: make a profile with `rogatory login`" in said.out) == (2, True)


@pytest.mark.usefixtures("federation")
def test_open_keys_are_told(known: Cli, gateway: Gateway) -> None:
    key = gateway.folder / "client.jwk"
    key.chmod(0o644)
    said = known("doctor")
    assert (said.code, f"next: chmod 600 {key}" in said.out) == (2, True)
    key.unlink()
    said = known("doctor", "--json")
    assert results(said)["keys"] == "FAILED"


def test_a_wrong_clock_is_told(known: Cli, gateway: Gateway) -> None:
    gateway.date = format_datetime(utc_now().replace(year=2001), usegmt=True)
    said = known("doctor")
    assert (said.code, "NTP" in said.out) == (4, True)
    for date in ("", "yesterday", "Sat, 01 Jan 2000 00:00:00"):
        gateway.date = date
        assert "clock: not checked" in known("doctor").out


def test_a_gateway_that_is_away_is_told(known: Cli, gateway: Gateway, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace(gateway.url, "https://127.0.0.1:1"))
    said = known("doctor")
    assert (said.code, "cannot be reached" in said.out) == (7, True)


def test_a_gateway_that_nobody_vouches_for_is_told(known: Cli, gateway: Gateway) -> None:
    (gateway.folder / "ca.pem").write_bytes(tls_authority("Stranger", utc_now()).pem)
    said = known("doctor")
    assert (said.code, "CA file" in said.out) == (4, True)


def test_a_directory_that_does_not_know_the_gateway_is_told(
    known: Cli, federation: Repository
) -> None:
    federation.publish(document("QM", gateway="https://elsewhere.example"))
    said = known("doctor")
    assert (said.code, "does not know this gateway" in said.out) == (4, True)


@pytest.mark.usefixtures("federation")
def test_a_directory_under_another_root_is_told(
    known: Cli, gateway: Gateway, tmp_path: Path
) -> None:
    other = Repository.make(tmp_path / "other", START)
    gateway.routes["GET /v1/directory"] = Answer(body=other.bundle())
    said = known("doctor")
    assert (said.code, "FAILED  directory" in said.out) == (8, True)


def test_without_a_root_the_directory_is_not_checked(known: Cli, gateway: Gateway) -> None:
    known(
        "login",
        "--gateway",
        gateway.url,
        "--ca",
        gateway.folder / "ca.pem",
        "--client-id",
        "urn:rogatory:QM:preparer",
        "--key",
        gateway.folder / "client.jwk",
        "--dpop-key",
        gateway.folder / "dpop.jwk",
    )
    said = known("doctor")
    assert "no pinned root" in said.out
