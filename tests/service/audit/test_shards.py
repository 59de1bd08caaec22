"""The command that ends a log and begins the next, and a node that serves both."""

import contextlib
import shutil
import time
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from services.audit import keyring, submission
from services.audit.catalogue import LOG_CLOSED, LOG_HEARTBEAT, LOG_OPENED
from services.audit.events import Event
from services.audit.main import create
from services.audit.settings import AuditSettings
from services.audit.shards import run
from services.audit.shelf import ShelfError, read_places
from shared.protocol import canonical, leaves
from shared.protocol.canonical import b64, unb64u
from shared.protocol.checkpoints import (
    Checkpoint,
    read_checkpoint,
    sign_checkpoint,
    verify_checkpoint,
)
from shared.protocol.identifiers import new_id
from shared.protocol.leaves import PeerReceipt, format_time
from shared.protocol.logproofs import verify_log_proof
from shared.protocol.notes import read_note
from shared.runtime.database import open_database
from shared.runtime.keystore import Keystore
from tests.service.audit.caller import OVERSEER, Keys, Node, settings, told
from tests.service.audit.logbook import (
    KEY,
    ORIGIN,
    START,
    SetClock,
    request_id,
)
from tests.service.audit.test_erasure import PROTECTION

NEXT = "qm.rogatory.example/log/2027"
PLACE = sha256(ORIGIN.encode()).hexdigest()


class Year:
    """A node whose log of one year runs in one folder, and that of the next in another."""

    def __init__(self, keys: Keys, folder: Path, migrated: Path) -> None:
        self.keys, self.clock, self.folder = keys, SetClock(), folder
        for name in ("2026", "2027"):
            (folder / name).mkdir()
            shutil.copy(keys.folder / "directory.json", folder / name / "directory.json")
        shutil.copy(migrated, folder / "2026" / "audit.sqlite")
        # A keystore of its own: the next log's key is put into it.
        shutil.copytree(keys.folder / "keystore", folder / "keystore")
        self.shelf = folder / "closed.json"
        self.shelf.write_bytes(canonical.encode({ORIGIN: f"sqlite:///{folder}/2026/audit.sqlite"}))

    def told(self, name: str, **changes: object) -> AuditSettings:
        quiet: dict[str, object] = {"heartbeat_s": 86_400, "index_s": 86_400}
        base = settings(self.keys, self.folder / name)
        return base.model_copy(update={**quiet, "keystore": self.folder / "keystore", **changes})

    @property
    def old(self) -> AuditSettings:
        return self.told("2026")

    @property
    def new(self) -> AuditSettings:
        return self.told("2027", log_origin=NEXT, log_keys="log-2027", closed_logs=self.shelf)

    @contextlib.contextmanager
    def running(self, chosen: AuditSettings) -> Iterator[Node]:
        with TestClient(create(chosen, self.clock)) as client:
            node = Node(client, self.keys, self.clock)
            while node.get("/checkpoint").status_code != 200:
                time.sleep(0.01)
            yield node


@pytest.fixture
def year(keys: Keys, migrated_file: Path, tmp_path: Path) -> Year:
    return Year(keys, tmp_path, migrated_file)


def types(node: Node, log: str = "") -> list[str]:
    """The types of all published entries of a log, first to last."""
    page = node.look(f"entries?from=0{log}")
    return [leaves.parse(unb64u(each["leaf"])).type for each in page["entries"]]


def answer_of(capsys: pytest.CaptureFixture[str]) -> Mapping[str, Any]:
    lines = capsys.readouterr().out.splitlines()
    found = canonical.parse(next(line for line in lines if line.startswith("{")).encode())
    assert isinstance(found, dict)
    return found


def result(node: Node, number: int) -> Mapping[str, Any]:
    answer = node.post(told(number))
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["results"]
    return dict(found)


def test_a_year_ends_and_the_next_begins(year: Year, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["draw", "log-2027"], year.new, year.clock) == 0
    drawn = answer_of(capsys)
    assert drawn["origin"] == NEXT
    with year.running(year.old) as node:
        before = result(node, 1)
        assert run(["close"], year.old, year.clock) == 0
        closed = answer_of(capsys)
        last = verify_checkpoint(node.get("/checkpoint").text, KEY.vkeys())
        assert (closed["size"], closed["root"]) == (last.size, b64(last.root))
        assert closed["url"].endswith(f"/logs/{PLACE}")
        assert types(node)[-1] == LOG_CLOSED
        refused = node.post(told(2))
        assert (refused.status_code, refused.json()["code"]) == (503, "log_stopped")
        assert "closed" in node.client.get("/readyz").json()["parts"]["sequencer"]
        assert run(["close"], year.old, year.clock) == 1, "it is closed"
    assert "is closed" in capsys.readouterr().err

    assert run(["open", "--after", ORIGIN, "--data", str(year.old.data)], year.new, year.clock) == 0
    assert answer_of(capsys)["begun"] is True
    assert run(["open", "--after", ORIGIN], year.new, year.clock) == 0, "again is nothing new"
    assert answer_of(capsys)["begun"] is False
    with year.running(year.new) as node:
        waited = result(node, 2)
        assert leaves.parse(unb64u(waited["leaf"])).log == NEXT
        verify_log_proof(waited["proof"], unb64u(waited["leaf"]), drawn["vkeys"])
        assert result(node, 1) == before, "what the old log has recorded keeps its place"
        assert node.post(told(1, peer="QX")).json()["code"] == "event_conflict"
        first = leaves.parse(unb64u(node.look("entries?from=0&to=1")["entries"][0]["leaf"]))
        assert (first.type, first.reason) == (LOG_OPENED, "year_ended")
        assert first.peer_receipt == PeerReceipt(
            origin=ORIGIN, index=last.size - 1, size=last.size, root=last.root
        )
        assert types(node, f"&log={ORIGIN}")[-1] == LOG_CLOSED
        assert LOG_CLOSED not in types(node)


def turned(year: Year) -> None:
    """Draw, close, open."""
    assert run(["draw", "log-2027"], year.new, year.clock) == 0
    with year.running(year.old) as node:
        result(node, 1)
        assert run(["close"], year.old, year.clock) == 0
    assert run(["open", "--after", ORIGIN, "--data", str(year.old.data)], year.new, year.clock) == 0


def test_a_closed_log_is_read_beside_the_new_one(year: Year) -> None:
    turned(year)
    with year.running(year.new) as node:
        note = node.get(f"/logs/{PLACE}/checkpoint").text
        stated = verify_checkpoint(note, KEY.vkeys())
        tile = node.get(f"/logs/{PLACE}/tile/0/000.p/{stated.size}")
        assert len(tile.content) == 32 * stated.size
        bundle = f"/logs/{PLACE}/tile/entries/000.p/{stated.size}"
        assert node.get(bundle, OVERSEER).status_code == 200
        assert node.get(bundle).status_code == 403
        assert node.get(f"/logs/{'0' * 64}/checkpoint").json()["code"] == "unknown_log"
        assert read_checkpoint(read_note(node.get("/checkpoint").text).text).origin == NEXT
        for path in ("entries?from=0", "counterparts?from=0", "proof?index=0", "timestamps?from=0"):
            node.look(f"{path}&log={ORIGIN}")
            node.look(f"{path}&log={NEXT}")
            assert node.get(f"/oversight/{path}&log=none", OVERSEER).status_code == 404
        asked = f"/proofs/published?index=1&index=900&log={ORIGIN}"
        found = node.get(asked, service="exchange").json()
        assert (list(found["proofs"]), found["lost"]) == (["1"], [900])
        plain = node.get("/proofs/published?index=900", service="exchange").json()
        assert plain == {"proofs": {}, "lost": []}
        grown = node.get(f"/proofs/consistency?from=1&to={stated.size}&log={ORIGIN}").json()
        assert grown["hashes"]


def test_what_waited_goes_on_and_what_was_the_old_logs_own_does_not(year: Year) -> None:
    run(["draw", "log-2027"], year.new, year.clock)
    with year.running(year.old) as node:
        run(["close"], year.old, year.clock)
        node.post(told(7))
    beat = Event(event_id=new_id(START), type=LOG_HEARTBEAT, event_time=format_time(START))
    confidential = keyring.confidential(Keystore.open(year.old.keystore, year.old.passphrase_file))
    with contextlib.closing(open_database(year.old.database_url("audit"))) as database:
        submission.take([beat], database=database, confidential=confidential, clock=year.clock)
    assert run(["open", "--after", ORIGIN], year.new, year.clock) == 0
    with year.running(year.new) as node:
        result(node, 8)
        found = types(node)
        assert found.count("access.denied") == 2
        assert LOG_HEARTBEAT not in found


def signed(size: int) -> str:
    return sign_checkpoint(Checkpoint(origin=ORIGIN, size=size, root=b"x" * 32), KEY, START)


def test_an_erasure_reaches_the_closed_log(year: Year) -> None:
    run(["draw", "log-2027"], year.new, year.clock)
    case, who = request_id(1), {"officer": "Q. Example"}
    with year.running(year.old) as node:
        node.post(told(1, case_id=case, personal=who))
        run(["close"], year.old, year.clock)
    run(["open", "--after", ORIGIN], year.new, year.clock)
    order = {"case_id": case, "ground": "retention-ended"}
    with year.running(year.new) as node:
        query = f"entries?case={case}&log={ORIGIN}"
        (entry,) = node.look(query)["entries"]
        assert entry["openings"][0]["value"] == "Q. Example"
        erased = node.send("/erasures", order, PROTECTION)
        assert (erased.status_code, erased.json()["closed"]) == (200, 1), erased.text
        assert node.send("/erasures", order, PROTECTION).json()["closed"] == 0
        assert node.look(query)["entries"][0]["openings"] == []
        nothing = {**order, "case_id": request_id(2)}
        assert node.send("/erasures", nothing, PROTECTION).json()["code"] == "no_case"


def test_the_command_says_why_not(year: Year, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["open", "--after", ORIGIN], year.new, year.clock) == 1
    assert "log-2027" in capsys.readouterr().err
    run(["draw", "log-2027"], year.new, year.clock)
    capsys.readouterr()
    for line, said in (
        (["open", "--after", "elsewhere"], "does not say where elsewhere is"),
        (["draw", "log-2027"], "not overwritten"),
    ):
        assert run(line, year.new, year.clock) == 1
        assert said in capsys.readouterr().err


def test_a_lost_log_by_the_command(year: Year, capsys: pytest.CaptureFixture[str]) -> None:
    run(["draw", "log-2027"], year.new, year.clock)
    note, vkeys = year.folder / "last.checkpoint", year.folder / "vkeys"
    note.write_text(signed(size=5))
    vkeys.write_text("\n".join(KEY.vkeys()))
    year.shelf.write_bytes(b"{}")
    capsys.readouterr()
    line = ["open", "--after", ORIGIN, "--note", str(note), "--vkeys", str(vkeys)]
    assert run(line, year.new, year.clock) == 0
    assert answer_of(capsys)["size"] == 5
    with year.running(year.new) as node:
        assert node.get(f"/logs/{PLACE}/checkpoint").status_code == 404
        result(node, 1)


def test_the_dead_logs_end_is_shown_for_the_directory(
    year: Year, capsys: pytest.CaptureFixture[str]
) -> None:
    with year.running(year.old) as node:
        result(node, 1)
        assert run(["status"], year.old, year.clock) == 1
        assert run(["status", "--dead"], year.old, year.clock) == 0
    assert answer_of(capsys)["vkeys"] == KEY.vkeys()


def test_an_unreadable_shelf_is_said(year: Year, capsys: pytest.CaptureFixture[str]) -> None:
    run(["draw", "log-2027"], year.new, year.clock)
    assert run(["open", "--after", ORIGIN], year.new, year.clock) == 1
    assert "never published" in capsys.readouterr().err
    for content in (b"[]", b'{"a":1}', b"{"):
        year.shelf.write_bytes(content)
        with pytest.raises(ShelfError, match=r"closed\.json"):
            read_places(year.shelf)
    year.shelf.unlink()
    assert run(["open", "--after", ORIGIN], year.new, year.clock) == 1
    assert "closed.json" in capsys.readouterr().err
