"""Each country's node witnesses the other's log; who signs two histories is convicted by a file."""

import http.client
import ssl
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy import workplace
from deploy.desk import Desk
from deploy.lab import Lab
from shared.protocol import canonical
from shared.protocol.checkpoints import Checkpoint, LogKey, read_checkpoint, sign_checkpoint
from shared.protocol.cosignatures import WitnessKey, verify_cosignatures
from shared.protocol.digests import sha256
from shared.protocol.misbehaviour import parse_evidence, verify_evidence
from shared.protocol.notes import read_note
from shared.protocol.witnessing import TLOG_SIZE, format_submission, monitoring_path
from shared.runtime.clock import utc_now
from shared.runtime.keystore import Keystore

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

Said = tuple[int, str, str]


def ask(lab: Lab, country: str, method: str, path: str, body: bytes | None = None) -> Said:
    """Ask a country's gateway as any log does: TLS, no token."""
    node = described(lab)[country]
    context = ssl.create_default_context(cafile=str(node["ca"]))
    place = urlsplit(str(node["gateway"])).netloc
    with closing(http.client.HTTPSConnection(place, context=context, timeout=30)) as connection:
        connection.request(method, path, body)
        said = connection.getresponse()
        return said.status, said.headers["Content-Type"], said.read().decode()


def described(lab: Lab) -> dict[str, dict[str, canonical.Json]]:
    told = canonical.read(lab.description.read_bytes())
    assert isinstance(told, dict)
    return told["nodes"]  # type: ignore[return-value]


def keys(lab: Lab, country: str) -> tuple[LogKey, WitnessKey]:
    etc = lab.folder / country / "audit/etc"
    keystore = Keystore.open(etc / "keystore", etc / "passphrase")
    return (
        LogKey.from_bytes(keystore.get("log")),
        WitnessKey.from_bytes(keystore.get("witness")),
    )


def cosigned(lab: Lab, witness: str, log: LogKey) -> Checkpoint:
    """What a country's witness shows of the other country's log."""
    status, _, note = ask(lab, witness, "GET", f"/witness/{monitoring_path(log.origin)}")
    assert status == 200
    assert verify_cosignatures(note, keys(lab, witness)[1].vkeys())
    return read_checkpoint(read_note(note).text)


def show_another(lab: Lab, log: LogKey) -> Checkpoint:
    """QN's operator, with QN's keys, shows QM's witness another tree of a size that it has cosigned."""
    while True:  # the log may grow meanwhile; then the liar follows it
        known = cosigned(lab, "QM", log)
        forged = Checkpoint(origin=log.origin, size=known.size, root=bytes(32))
        body = format_submission(known.size, [], sign_checkpoint(forged, log, utc_now()))
        status, kind, said = ask(lab, "QM", "POST", "/witness/add-checkpoint", body)
        if status == 422:
            return known
        assert (status, kind) == (409, TLOG_SIZE), said


@pytest.fixture
def overseer(lab: Lab, tmp_path: Path) -> Desk:
    return workplace.open_desks(lab, tmp_path / "desks", clients=["oversight"])["QM-oversight"]


def test_a_second_history_is_refused_logged_kept_and_verified_offline(
    overseer: Desk, lab: Lab, tmp_path: Path
) -> None:
    log, _ = keys(lab, "QN")
    known = show_another(lab, log)
    folder, root = tmp_path / "evidence", ["--root", str(lab.root)]
    purpose = ["--purpose", "what was found"]
    overseer.run("audit", "evidence", "--pull", *purpose, "-o", str(folder), *root)
    (found,) = folder.iterdir()
    proven = verify_evidence(parse_evidence(found.read_bytes()), pinned=log.vkeys())
    assert known in (proven.smaller, proven.larger)
    words = [word for vkey in log.vkeys() for word in ("--log", vkey)]
    assert overseer.run("audit", "evidence", str(found), *words)["evidence"]
    mirror = tmp_path / "mirror"
    overseer.run("audit", "pull", *purpose, "-o", str(mirror))
    assert overseer.run("audit", "verify", str(mirror), *root)["verified"] is True
    bundles = (mirror / "tile/entries").rglob("*")
    entries = b"".join(each.read_bytes() for each in bundles if each.is_file())
    assert sha256(found.read_bytes()).hex().encode() in entries
