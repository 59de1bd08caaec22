"""The service as a whole: start, restart, readiness."""

import secrets
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from services.audit.main import create
from shared.protocol import canonical
from shared.runtime.keystore import Keystore, KeystoreError
from tests.service.audit.caller import Keys, Node, inspected, settings, told
from tests.service.audit.logbook import (
    KEY,
    WITNESS,
    SetClock,
)


def test_the_operators_can_check_what_is_stored(node: Node) -> None:
    node.post(told(1), told(2, personal={"officer": "Q. Example"}))
    found = inspected(node)
    assert (found["state"], found["checked"], found["size"]) == ("clean", 3, 3)


def test_readiness_is_the_sequencers(node: Node) -> None:
    parts = node.client.get("/readyz").json()["parts"]
    directory = parts.pop("directory")
    assert (set(parts.values()), directory) == ({"ok"}, "ok")
    assert set(parts) >= {"sequencer", "refresher", "stamping"}
    node.clock.back(minutes=-2)  # nothing from before the service's start is believed
    node.post(told(1))
    node.clock.back(minutes=1)
    node.post(told(2))
    assert "behind" in node.client.get("/readyz").json()["parts"]["sequencer"]
    assert node.post(told(2)).json()["code"] == "log_stopped"
    node.clock.back(minutes=-5)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_restart_goes_on_where_it_was(
    keys: Keys, tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    clock, told_folder = SetClock(), settings(keys, tmp_path)
    if kind == "postgresql":
        url = request.getfixturevalue("postgres_database")
        told_folder = told_folder.model_copy(update={"database": url})
    for number in (1, 2):
        with TestClient(create(told_folder, clock)) as client:
            node = Node(client, keys, clock)
            assert node.post(told(number)).json()["results"][0]["index"] == number
            clock.now += timedelta(minutes=5)  # an hour would bring a heartbeat


def test_a_key_of_another_log(keys: Keys, tmp_path: Path) -> None:
    other = settings(keys, tmp_path).model_copy(update={"log_origin": "qn.rogatory.example/log"})
    with pytest.raises(KeystoreError, match="not of qn"):
        create(other)


def test_a_second_process_stands_by(node: Node, keys: Keys, tmp_path: Path) -> None:
    assert node.client.get("/readyz").json()["parts"]["sequencer"] == "ok"
    with TestClient(create(settings(keys, tmp_path), node.clock)) as second:
        assert second.get("/readyz").json()["parts"]["sequencer"] == "standby"


def test_the_storage_key_is_made_once(keys: Keys, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    keystore = Keystore.create(fresh, keys.folder / "passphrase")
    keystore.put("log", KEY.to_bytes())
    keystore.put("witness", WITNESS.to_bytes())
    keystore.put("log-case", secrets.token_bytes(32))
    keystore.put("internal-audit", canonical.encode(keys.internal["audit"]))
    told_folder = settings(keys, tmp_path).model_copy(update={"keystore": fresh})
    with TestClient(create(told_folder)):
        made = keystore.get("storage")
    with TestClient(create(told_folder)):
        assert keystore.get("storage") == made
