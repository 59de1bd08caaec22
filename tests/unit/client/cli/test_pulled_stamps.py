"""`rogatory audit pull`: the time stamps of a log, and a log that was closed."""

import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from client.oversight.mirror import CHECKPOINT
from shared.protocol.canonical import Json, b64u
from shared.protocol.timestamps import Stamp, format_stamp
from shared.protocol.timetokens import Anchors, ask, read_answer
from tests.scripted_gateway import Answer, Call, Gateway, answer, octets, problem
from tests.simulated_case import Case
from tests.simulated_mirror import log_files
from tests.simulated_node import Node
from tests.time_authority import TimeAuthority
from tests.unit.client.cli.conftest import Cli
from tests.unit.client.cli.test_auditing import PULL, Log

NEXT = "log.qm.example/2027"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    return TimeAuthority(tmp_path_factory.mktemp("authority"))


def stamped(authority: TimeAuthority, country: Node) -> Json:
    note = country.checkpoint()
    question, anchors = ask(note), Anchors.read(authority.anchors)
    token = read_answer(authority.stamp(question.request), question, note, anchors)
    record = format_stamp(Stamp(authority="tsa.example", note=note, token=token))
    return {"size": len(country.bodies), "record": record.decode()}


class Pulling:
    """An overseer of QM in front of its gateway."""

    def __init__(self, known: Cli, gateway: Gateway, folder: Path) -> None:
        self.log, self.known, self.folder = Log(gateway, Case()), known, folder
        self.pinned = folder / "pinned.json"
        self.pinned.write_bytes(self.log.case.directory[1])

    def pull(self, name: str = "m", *more: str) -> str:
        ran = self.known(*PULL, "-o", self.folder / name, "--root", self.pinned, *more)
        return ran.out if ran.code == 0 else f"{ran.code} {ran.err}"

    def verify(self, *more: str | Path, name: str = "m") -> tuple[int, str]:
        ran = self.known("audit", "verify", self.folder / name, "--root", self.pinned, *more)
        return ran.code, ran.out


@pytest.fixture
def pulling(known: Cli, gateway: Gateway, tmp_path: Path) -> Pulling:
    return Pulling(known, gateway, tmp_path)


def test_stamps_are_pulled_once_and_verified(pulling: Pulling, authority: TimeAuthority) -> None:
    qm = pulling.log.case.qm
    pulling.log.stamps.append(stamped(authority, qm))
    qm.record(type="access.denied")
    pulling.log.stamps.append(stamped(authority, qm))
    qm.record(type="access.denied")
    ahead = stamped(authority, qm)
    qm.log.pop()
    qm.bodies.pop()
    pulling.log.stamps.append(ahead)  # it came after the checkpoint was read
    kept = pulling.folder / "m/timestamps"
    for _ in range(2):
        pulling.pull()
        assert len(list(kept.iterdir())) == 2
    anchors = pulling.folder / "anchors.pem"
    anchors.write_bytes(authority.anchors)
    code, said = pulling.verify("--time-anchors", anchors)
    assert (code, "2 stamps, the newest over" in said) == (0, True)
    assert "no authority is trusted" in pulling.verify()[1]
    qm.record(type="access.denied")
    pulling.pull()
    assert len(list(kept.iterdir())) == 3


def test_stamps_come_in_pages(pulling: Pulling, gateway: Gateway, authority: TimeAuthority) -> None:
    only = stamped(authority, pulling.log.case.qm)

    def pages(call: Call) -> Answer:
        first = call.query["from"] == ["0"]
        return answer({"stamps": [only], "next": 3 if first else None})

    gateway.routes["GET /v1/audit/timestamps"] = pages
    pulling.pull()
    assert len(list((pulling.folder / "m/timestamps").iterdir())) == 1


class Turned:
    """QM's gateway after its log was closed and the next one begun."""

    def __init__(self, pulling: Pulling, gateway: Gateway) -> None:
        self.log, case = pulling.log, pulling.log.case
        self.old, self.new = case.qm.turn(NEXT), case.qm
        case.answer_again()
        case.__dict__.pop("directory")
        pulling.pinned.write_bytes(case.directory[1])
        self.prefix = f"/logs/{sha256(self.old.log_key.origin.encode()).hexdigest()}/"
        self.note, self.files = self.old.checkpoint(), log_files(self.old.bodies)
        gateway.fallback = self
        gateway.routes["GET /v1/directory"] = Answer(body=case.directory[0])
        gateway.routes["GET /v1/audit/counterparts"] = self.counterparts

    def __call__(self, call: Call) -> Answer:
        if not call.path.startswith(self.prefix):
            return self.log(call)
        path = call.path.removeprefix(self.prefix)
        if path == CHECKPOINT:
            return Answer(body=self.note.encode())
        return octets(self.files[path]) if path in self.files else problem(404, "no", detail="No.")

    def counterparts(self, call: Call) -> Answer:
        country, start = (self.old if "log" in call.query else self.new), int(call.query["from"][0])
        rows: list[Json] = [
            {"index": index, "leaf": b64u(leaf), "proof": proof}
            for index, (leaf, proof) in country.counterparts.items()
            if index >= start
        ]
        return answer({"counterparts": rows, "next": None})


def test_a_closed_log_is_pulled_to_its_end(pulling: Pulling, gateway: Gateway) -> None:
    pulling.pull("old")
    turned = Turned(pulling, gateway)
    old = turned.old
    shutil.rmtree(pulling.folder / "old/directories")  # each simulated directory has its own root
    assert f"{len(old.bodies)} entries" in pulling.pull("old"), "a mirror stays its log's mirror"
    assert pulling.pull("again", "--log", old.log_key.origin)
    for name in ("old", "again"):
        code, said = pulling.verify(name=name)
        assert code == 0, said
    asked = [call for call in gateway.calls if call.path == "/v1/audit/timestamps"]
    assert asked[-1].query["log"] == [old.log_key.origin]
    pulling.pull("new")
    both = pulling.known(
        "audit", "verify", pulling.folder / "old", pulling.folder / "new", "--root", pulling.pinned
    )
    assert both.code == 0, both.out
    assert "and ended there" in both.out


def test_a_log_that_nobody_knows_is_not_pulled(pulling: Pulling) -> None:
    assert pulling.pull("m", "--log", "log.qm.example/1999").startswith("2 ")
