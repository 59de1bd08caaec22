"""`rogatory audit …`: pull, verify, compare, tell."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from client.oversight.mirror import CASE_KEY, CHECKPOINT, Mirror
from shared.protocol.canonical import Json, b64u
from shared.protocol.checkpoints import Checkpoint, sign_checkpoint
from tests.scripted_gateway import Answer, Call, Gateway, answer, octets, problem
from tests.simulated_case import Case
from tests.simulated_mirror import log_files, write_mirror
from tests.simulated_node import Written
from tests.unit.client.cli.conftest import Cli

PULL = ["audit", "pull", "--purpose", "yearly audit"]


class Log:
    """QM's log as its gateway serves it."""

    def __init__(self, gateway: Gateway, case: Case) -> None:
        self.case, self.note = case, case.qm.checkpoint()
        self.stamps: list[Json] = []
        gateway.fallback = self
        gateway.routes |= {
            "GET /v1/directory": Answer(body=case.directory[0]),
            "GET /v1/audit/key": answer({"key": b64u(case.qm.case_key)}),
            "GET /v1/audit/counterparts": self.counterparts,
            "GET /v1/audit/timestamps": lambda _: answer({"stamps": self.stamps, "next": None}),
            "GET /v1/audit/channels/QN/links": lambda _: answer(
                {"links": [each.link().to_json() for each in self.written()]}
            ),
        }

    def written(self) -> list[Written]:
        return [*self.case.qm.written, *self.case.qn.written]

    def __call__(self, call: Call) -> Answer:
        if call.path == "/log/checkpoint":
            self.note = self.case.qm.checkpoint()
            return Answer(body=self.note.encode())
        files = log_files(self.case.qm.bodies)
        path = call.path.removeprefix("/log/")
        return octets(files[path]) if path in files else problem(404, "not_found", detail="No.")

    def counterparts(self, call: Call) -> Answer:
        """Two a page."""
        start = int(call.query["from"][0])
        found = [
            {"index": index, "leaf": b64u(leaf), "proof": proof}
            for index, (leaf, proof) in self.case.qm.counterparts.items()
            if index >= start
        ]
        more = found[2]["index"] if len(found) > 2 else None
        return answer({"counterparts": found[:2], "next": more})


@pytest.fixture
def log(gateway: Gateway) -> Log:
    return Log(gateway, Case())


@pytest.fixture
def pinned(log: Log, tmp_path: Path) -> Path:
    path = tmp_path / "pinned.json"
    path.write_bytes(log.case.directory[1])
    return path


def test_a_log_is_mirrored_and_holds(
    known: Cli, gateway: Gateway, log: Log, tmp_path: Path, pinned: Path
) -> None:
    line = [*PULL, "-o", tmp_path / "m", "--root", pinned]
    said = known(*line, "--json")
    size = len(log.case.qm.bodies)
    assert said.json | {"mirror": ""} == {
        "mirror": "",
        "origin": log.case.qm.log_key.origin,
        "size": size,
        "before": 0,
        "counterparts": len(log.case.qm.counterparts),
        "links": len(log.written()),
        "stamps": 0,
    }
    assert (tmp_path / "m" / CASE_KEY).stat().st_mode & 0o077 == 0
    assert gateway.calls[-1].headers["X-Purpose"] == "yearly audit"
    assert known("audit", "verify", tmp_path / "m", "--root", pinned).code == 0


def test_a_mirror_grows_with_its_log(known: Cli, log: Log, tmp_path: Path, pinned: Path) -> None:
    line = [*PULL, "-o", tmp_path / "m", "--root", pinned]
    known(*line)
    for _ in range(300):
        log.case.qm.record(type="audit.queried")
    said = known(*line)
    assert "(300 new), 0 new proofs" in said.out
    assert not list((tmp_path / "m/tile/0/000.p").glob("*"))
    assert len(list((tmp_path / "m/checkpoints").iterdir())) == 2
    assert known("audit", "verify", tmp_path / "m", "--root", pinned).code == 0
    assert "(0 new)" in known(*line, "--again").out


def test_a_log_that_went_back_is_told_at_once(
    known: Cli, log: Log, tmp_path: Path, pinned: Path
) -> None:
    line = [*PULL, "-o", tmp_path / "m", "--root", pinned]
    known(*line)
    log.case.qm.bodies.pop()
    said = known(*line, "--json")
    assert (said.code, said.json["error"]["code"]) == (3, "inconsistent_log")
    verified = known("audit", "verify", tmp_path / "m", "--root", pinned)
    assert verified.code == 0, "the mirror still is what it was"


def test_a_rewritten_log_is_found_where_it_is_read_again(
    known: Cli, log: Log, tmp_path: Path, pinned: Path
) -> None:
    for _ in range(300):
        log.case.qm.record(type="audit.queried")
    line = [*PULL, "-o", tmp_path / "m", "--root", pinned]
    known(*line)
    log.case.qm.bodies[7] = log.case.qm.bodies[6]
    assert known(*line).code == 0
    said = known(*line, "--again")
    assert (said.code, "tile/0/000 is not what it was" in said.err) == (3, True)


@pytest.mark.usefixtures("log")
def test_nothing_was_exchanged_yet(
    known: Cli, gateway: Gateway, tmp_path: Path, pinned: Path
) -> None:
    del gateway.routes["GET /v1/audit/channels/QN/links"]
    said = known(*PULL, "-o", tmp_path / "m", "--root", pinned, "--json")
    assert said.json["links"] == 0


def _row(mirror: Mirror, case: Case) -> None:
    path = f"tile/entries/000.p/{len(case.qm.bodies)}"
    content = mirror.read(path)
    mirror.write(path, content.replace(case.qm.bodies[5], case.qm.bodies[5][:-1] + b" "))


def _checkpoint(mirror: Mirror, case: Case) -> None:
    stated = Checkpoint(origin=case.qm.log_key.origin, size=3, root=b"x" * 32)
    note = sign_checkpoint(stated, case.qm.log_key, case.clock())
    mirror.write(CHECKPOINT, note.encode())


@pytest.mark.parametrize(
    ("tamper", "place"),
    [(_row, "entry 5: it does not hash"), (_checkpoint, "tile/entries/000.p/3: a file")],
)
def test_tampering_is_shown_and_ends_with_3(
    cli: Cli, tmp_path: Path, tamper: Callable[[Mirror, Case], None], place: str
) -> None:
    case = Case()
    mirror = write_mirror(tmp_path / "m", case, case.qm)
    (tmp_path / "root.json").write_bytes(case.directory[1])
    tamper(mirror, case)
    said = cli("audit", "verify", mirror.folder, "--root", tmp_path / "root.json")
    assert (said.code, place in said.out) == (3, True)
    assert said.out.endswith("NOT verified: see the checks that failed.\n")


def test_two_mirrors_are_compared(cli: Cli, tmp_path: Path) -> None:
    case = Case()
    folders = [write_mirror(tmp_path / node.name, case, node).folder for node in (case.qm, case.qn)]
    (tmp_path / "root.json").write_bytes(case.directory[1])
    said = cli("audit", "verify", *folders, "--root", tmp_path / "root.json", "--json")
    assert (said.code, said.json["verified"]) == (0, True)
    assert [each["log"] for each in said.json["logs"]] == ["QM", "QN", "both"]
    assert said.json["logs"][2]["checks"][0]["number"] == 10


def test_many_failures_are_counted(cli: Cli, tmp_path: Path) -> None:
    case = Case()
    for _ in range(30):
        case.qm.record(type="audit.queried")
    case.qm.bodies[-25:] = [b"{}"] * 25
    mirror = write_mirror(tmp_path / "m", case, case.qm)
    (tmp_path / "root.json").write_bytes(case.directory[1])
    said = cli("audit", "verify", mirror.folder, "--root", tmp_path / "root.json")
    assert "and 5 more" in said.out


def test_a_mirror_of_nothing_is_no_mirror(cli: Cli, tmp_path: Path, root: Path) -> None:
    said = cli("audit", "verify", tmp_path, "--root", root)
    assert (said.code, "directory.json" in said.out) == (3, True)


def test_a_case_is_told_in_order(cli: Cli, tmp_path: Path) -> None:
    case = Case()
    case.qm.record(
        type="package.received",
        case_id=case.request_id,
        outcome="no",
        reason="why",
        transfer_id=case.package_id,
        size=7,
    )
    mirror = write_mirror(tmp_path / "m", case, case.qm)
    said = cli("audit", "show", "--case", case.request_id, "-d", mirror.folder)
    title, day, *lines = said.out.splitlines()
    assert title == f"{len(lines)} entries about {case.request_id}, in the order of the log"
    assert day == "Saturday 2026-11-21"
    assert "  -> QN  request sent  request QM>QN 0/" in lines[0]
    assert "  <- QN  receipt received  receipt QN>QM 0/" in lines[1]
    assert any("ContentConsignment about QN>QM" in line for line in lines)
    assert lines[-1].endswith(f"package: received  no, {case.package_id}, 7 bytes, why")
    told = cli("audit", "show", "--case", case.request_id, "-d", mirror.folder, "--json")
    assert len(told.json["events"]) == len(lines)
    other = cli("audit", "show", "--case", case.package_id, "-d", mirror.folder)
    assert "says nothing" in other.out


def test_days_and_gaps_between_them_are_seen(cli: Cli, tmp_path: Path) -> None:
    case = Case()
    for later in (1, 5):
        case.clock.now += timedelta(days=later)
        case.qm.record(type="request.info_requested", case_id=case.request_id)
    mirror = write_mirror(tmp_path / "m", case, case.qm)
    said = cli("audit", "show", "--case", case.request_id, "-d", mirror.folder)
    days = [line for line in said.out.splitlines()[1:] if not line.startswith(" ")]
    assert days == [
        "Saturday 2026-11-21",
        "Sunday 2026-11-22",
        "Friday 2026-11-27, 5 days later",
    ]
    assert said.out.endswith("request: info requested\n")
