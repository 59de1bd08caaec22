"""When nobody is left who could approve, two officers set ops and registrar anew on the machine."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.gateway import refounding
from services.gateway.founding import FoundingError
from services.gateway.records import Act, Draft, Status
from shared.protocol import canonical, jwk
from tests.service.gateway.calling import Caller
from tests.service.gateway.conftest import World
from tests.service.gateway.registering import OPS, REGISTRAR, Desk, desk, registry_file
from tests.service.gateway.test_processes import environment, gateway_values

__all__ = ["desk", "registry_file"]

TWO = ("F. First", "S. Second")


def entry(role: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {
        "client_id": f"urn:rogatory:QM:{role}",
        "role": role,
        "scopes": ["clients:read"],
        "keys": [jwk.public_part(jwk.generate())],
        **changes,
    }


def content(*entries: dict[str, Any]) -> bytes:
    return canonical.encode({"clients": list(entries)})


def test_who_was_shut_out_by_the_other_comes_back_with_new_keys(desk: Desk) -> None:
    refounding.refound(content(entry("ops"), entry("registrar")), TWO, desk.office)
    suspend = Draft(act=Act.SUSPEND, client_id=REGISTRAR.client_id, reason="a coup")
    desk.office.propose(suspend, OPS)
    desk.now += timedelta(hours=1)
    (found,) = refounding.refound(content(entry("registrar")), TWO, desk.office)
    at = int(desk.now.timestamp())
    assert desk.office.client(REGISTRAR.client_id) == found
    assert (found.status, found.tokens_not_before) == (Status.ACTIVE, at + 1)
    assert [key.counts(at) for key in found.keys] == [False, True]
    assert desk.events()[-1] == ("client.imported", "import")
    (told, *_) = desk.office.proposals(client_id=REGISTRAR.client_id)
    assert told.decision is not None
    assert (told.by.officer, told.decision.by.officer) == TWO


@pytest.mark.parametrize(
    ("entries", "officers"),
    [
        pytest.param([entry("registrar")], ("F. First", "f.  FIRST"), id="one officer"),
        pytest.param([entry("registrar")], ("F. First", " "), id="no officer"),
        pytest.param([], TWO, id="nobody"),
        pytest.param([entry("preparer", scopes=["requests:read"])], TWO, id="case work"),
        pytest.param([entry("ops", scopes=["clients:approve"])], TWO, id="both sides"),
        pytest.param([entry("ops", client_id="urn:rogatory:QM:lab-7")], TWO, id="another's id"),
    ],
)
def test_nothing_else_is_set_there(desk: Desk, entries: list[Any], officers: Any) -> None:  # noqa: ANN401
    desk.add()
    with pytest.raises(FoundingError):
        refounding.refound(content(*entries), officers, desk.office)
    assert [each.role for each in desk.office.everyone()] == ["preparer"]


def test_a_key_of_another_is_not_taken(desk: Desk) -> None:
    desk.add()
    (known,) = desk.office.everyone()
    stolen = entry("ops", keys=[dict(known.keys[0].jwk)])
    with pytest.raises(FoundingError):
        refounding.refound(content(stolen), TWO, desk.office)
    assert len(desk.office.everyone()) == 1


def test_on_the_machine_of_a_running_node(world: World, tmp_path: Path) -> None:
    """The gateway goes on meanwhile; the client comes in by its new key at the next call."""
    values = environment(gateway_values(world.qm, world.federation))
    file, key = tmp_path / "offices.json", jwk.generate()
    name = world.qm.client_id("second-ops")
    file.write_bytes(content(entry("ops", client_id=name, keys=[jwk.public_part(key)])))
    command = [sys.executable, "-m", "services.gateway.refounding", str(file), *TWO]
    done = subprocess.run(  # noqa: S603 - our own module
        command, env=values, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"{name} is set anew\n"), done.stderr
    client = Caller(world.qm, "ops", key=key, claimed=name)
    assert client.call("GET", "/v1/clients").status_code == 200


def test_it_says_how_it_is_used(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert refounding.main([str(tmp_path)]) == 2
    assert "usage" in capsys.readouterr().err
