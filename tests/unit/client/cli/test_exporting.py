"""`rogatory audit export`: a folder that its own verifier checks, with openings if they are asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

from shared.protocol.canonical import b64u, read
from shared.protocol.commitments import Opening
from shared.protocol.digests import sha256
from tests.scripted_gateway import Answer, Call, Gateway, answer
from tests.simulated_case import Case
from tests.simulated_mirror import write_mirror
from tests.unit.client.cli.conftest import Cli

OPENING = Opening(name="officer", value="A. Example")


class Desk:
    """An overseer with a mirror, whose node has the openings of one entry."""

    def __init__(self, gateway: Gateway, folder: Path) -> None:
        self.case, self.gateway, self.folder = Case(), gateway, folder
        self.index = self.case.qm.record(
            type="package.read",
            case_id=self.case.request_id,
            commit={OPENING.name: OPENING.commitment()},
        )
        self.mirror = write_mirror(folder / "m", self.case, self.case.qm)
        self.root = folder / "pinned.json"
        self.root.write_bytes(self.case.directory[1])
        self.value = OPENING.value
        gateway.routes["GET /v1/audit/entries"] = self.entries

    def entries(self, call: Call) -> Answer:
        """Two pages."""
        assert call.query["size"] == [str(len(self.case.qm.bodies))]
        start = int(call.query["from"][0])
        index = self.index if start else 0
        opening = {"name": OPENING.name, "value": self.value, "salt": b64u(OPENING.salt)}
        leaf = b64u(self.case.qm.bodies[index])
        entry = {"index": index, "leaf": leaf, "openings": [opening] if start else []}
        return answer({"entries": [entry], "next": None if start else self.index})

    def line(self, name: str) -> list[str | Path]:
        where: list[str | Path] = ["-d", self.mirror.folder, "-o", self.folder / name]
        return ["audit", "export", *where, "--root", self.root]


@pytest.fixture
def desk(gateway: Gateway, tmp_path: Path) -> Desk:
    return Desk(gateway, tmp_path)


def test_what_is_said_is_how_it_is_verified(desk: Desk, cli: Cli) -> None:
    said = cli(*desk.line("e"))
    assert said.code == 0, said.err
    (command,) = [line for line in said.out.splitlines() if line.startswith("To verify: ")]
    words = command.removeprefix("To verify: ").split(" ")
    done = subprocess.run([sys.executable, *words[1:]], capture_output=True, check=True)  # noqa: S603
    assert b"ok      root.json is the root that you named" in done.stdout
    told = cli(*desk.line("j"), "--json").json
    assert told["root_sha256"] == sha256(desk.root.read_bytes()).hex()
    assert (
        told["files"]
        == len([each for each in (desk.folder / "j").rglob("*") if each.is_file()]) - 2
    )
    verified = cli("audit", "verify", desk.folder / "e", "--root", desk.root)
    assert verified.code == 0, "whoever has the whole client checks ML-DSA too"


def test_openings_are_asked_for_with_a_purpose(desk: Desk, known: Cli) -> None:
    line = [*desk.line("e"), "--case", desk.case.request_id, "--openings"]
    assert known(*line).code == 2
    assert not (desk.folder / "e").exists()
    assert known(*line, "--purpose", "complaint 7").code == 0
    rows = read((desk.folder / "e" / "openings.json").read_bytes())
    assert isinstance(rows, list)
    assert [row["index"] for row in rows if isinstance(row, dict)] == [desk.index]
    assert desk.gateway.calls[-1].headers["X-Purpose"] == "complaint 7"
    assert desk.gateway.calls[-1].query["case"] == [desk.case.request_id]


def test_openings_that_the_log_does_not_commit_to_are_refused(desk: Desk, known: Cli) -> None:
    desk.value = "B. Example"
    said = known(*desk.line("e"), "--openings", "--purpose", "complaint 7")
    assert (said.code, "does not commit to this value" in said.err) == (8, True)


def test_a_case_that_never_was_is_not_exported(desk: Desk, cli: Cli) -> None:
    said = cli(*desk.line("e"), "--case", desk.case.package_id)
    assert (said.code, "audit find --case" in said.err) == (5, True)
    assert cli(*desk.line("m")).code == 6
