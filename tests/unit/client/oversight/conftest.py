"""Exports of a log and of a case in it, and what a forger does to them."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from client.oversight.exporting import MANIFESTS, export
from client.oversight.mirror import Mirror
from client.standalone.commanding import run_verifier
from shared.protocol.checkpoints import Checkpoint, sign_checkpoint
from shared.protocol.misbehaviour import accuse
from shared.protocol.timestamps import Stamp, format_stamp, imprint
from tests.long_log import LongLog
from tests.simulated_node import START


@dataclass(frozen=True)
class Exported:
    """An export, and the root that its reader trusts."""

    folder: Path
    root: Path

    def verify(self, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
        capsys.readouterr()
        code = run_verifier([str(self.folder), "--root", str(self.root)])
        return code, capsys.readouterr().out

    def repair(self) -> None:
        """Write the manifests anew, as a forger would."""
        names = [each for each in self.folder.rglob("*") if each.is_file()]
        paths = sorted(each.relative_to(self.folder).as_posix() for each in names)
        for manifest, algorithm in MANIFESTS.items():
            lines = [
                f"{hashlib.new(algorithm, (self.folder / path).read_bytes()).hexdigest()}  {path}\n"
                for path in paths
                if path not in MANIFESTS
            ]
            (self.folder / manifest).write_text("".join(lines))


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> tuple[LongLog, Mirror]:
    """A log of two tiles, with all that a mirror can have."""
    log = LongLog(tmp_path_factory.mktemp("mirror"), transfers=20, roots=100)
    log.grow(150)
    log.publish()
    log.grow(290)
    note = log.publish()
    mirror, key = log.mirror, log.log.key
    told = Checkpoint(origin=key.origin, size=290, root=b"x" * 32)
    evidence = accuse(note, sign_checkpoint(told, key, START), vkeys=key.vkeys())
    mirror.write("evidence/0123456789abcdef.misbehaviour.json", evidence)
    stamp = format_stamp(Stamp(authority="tsa", note=note, token=b"token " + imprint(note)))
    mirror.write("timestamps/290-0123456789abcdef.json", stamp)
    mirror.keep_directory(mirror.read("directory.json"))
    return log, mirror


@pytest.fixture(scope="module")
def exported(mirrored: tuple[LongLog, Mirror], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exports of the whole log and of one case; each test has copies of its own."""
    log, mirror = mirrored
    folder = tmp_path_factory.mktemp("exported")
    (folder / "root").write_bytes(log.pinned)
    export(mirror, folder / "whole", pinned_root=log.pinned)
    export(mirror, folder / "one", pinned_root=log.pinned, case_id=log.case(2))
    return folder


@pytest.fixture
def whole(exported: Path, tmp_path: Path) -> Exported:
    return _copy(exported, tmp_path, "whole")


@pytest.fixture
def one(exported: Path, tmp_path: Path) -> Exported:
    return _copy(exported, tmp_path, "one")


def _copy(exported: Path, folder: Path, name: str) -> Exported:
    shutil.copy(exported / "root", folder / "root")
    shutil.copytree(exported / name, folder / name)
    return Exported(folder / name, folder / "root")


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at % len(content)] ^= 1
    path.write_bytes(content)


def middle(path: Path) -> None:
    flip(path, path.stat().st_size // 2)
