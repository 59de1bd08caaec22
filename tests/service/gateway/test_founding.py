"""The first clients come from a file, once; a bad file stops the start."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.gateway import founding
from shared.protocol import canonical, jwk
from tests.service.gateway.conftest import World
from tests.service.gateway.registering import ID, Desk, desk, registry_file
from tests.service.gateway.test_processes import environment, gateway_values

__all__ = ["desk", "registry_file"]


def entry(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {
        "client_id": "urn:rogatory:QM:preparer",
        "role": "preparer",
        "scopes": ["requests:read"],
        "keys": [jwk.public_part(jwk.generate())],
        **changes,
    }


def write(path: Path, *entries: dict[str, Any]) -> Path:
    path.write_bytes(canonical.encode({"clients": list(entries)}))
    return path


def take(desk: Desk, path: Path) -> None:
    founding.found(path, desk.database, country="QM", clock=desk.office.clock)


def test_the_first_clients_come_from_the_file_once(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "clients.json"
    take(desk, write(file, entry(), entry(client_id=ID, status="suspended")))
    assert [each.status for each in desk.office.everyone()] == ["suspended", "active"]
    assert desk.events() == [("client.imported", "import")] * 2
    take(desk, write(file, entry(client_id="urn:rogatory:QM:smuggled")))
    assert len(desk.office.everyone()) == 2
    file.unlink()
    take(desk, file)
    assert [each.draft.act for each in desk.office.proposals()] == ["import", "import"]


def test_a_file_that_changed_is_warned_of(desk: Desk, tmp_path: Path) -> None:
    file = write(tmp_path / "clients.json", entry())
    take(desk, file)
    with capture_logs() as lines:
        take(desk, file)
        assert lines == []
        take(desk, write(file, entry()))
    assert [each["event"] for each in lines] == ["clients_file_ignored"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"role": "emperor"}, id="role"),
        pytest.param({"role": "peer", "scopes": ["node:deliver"]}, id="peer"),
        pytest.param({"scopes": ["requests:read", "packages:approve"]}, id="both sides"),
        pytest.param({"scopes": ["ops:health"]}, id="ops"),
        pytest.param({"scopes": []}, id="nothing"),
        pytest.param({"keys": [{"kty": "oct", "k": "AAAA"}]}, id="symmetric"),
        pytest.param({"keys": [jwk.generate()]}, id="private"),
        pytest.param({"extra": 1}, id="extra"),
        pytest.param({"client_id": 7}, id="number"),
        pytest.param({"client_id": "https://qn.example"}, id="address"),
        pytest.param({"status": "retired"}, id="retired"),
    ],
)
def test_61_a_client_outside_its_role_stops_the_start(
    desk: Desk, tmp_path: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(founding.FoundingError):
        take(desk, write(tmp_path / "clients.json", entry(client_id=ID), entry(**changes)))
    assert desk.office.everyone() == []


def test_a_role_that_there_is_not_stops_the_start_in_a_line(world: World) -> None:
    values = {**gateway_values(world.qm, world.federation), "officer_required": "emperor"}
    command = [sys.executable, "-m", "services.gateway"]
    ended = subprocess.run(  # noqa: S603 - our own module
        command, env=environment(values), capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (2, "there is no role emperor\n")


def test_two_of_one_id_stop_the_start(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(founding.FoundingError):
        take(desk, write(tmp_path / "clients.json", entry(), entry()))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"clients":1}'], ids=["empty", "list", "number"])
def test_another_file_stops_the_start(desk: Desk, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "clients.json"
    with pytest.raises(founding.FoundingError):
        take(desk, file)
    file.write_bytes(content)
    with pytest.raises(founding.FoundingError):
        take(desk, file)
