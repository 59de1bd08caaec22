"""F26 for who verifies: every size at which a tile begins, fills or overflows; and F32, a million entries."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.oversight.audit import Auditor
from client.oversight.exporting import export
from client.oversight.findings import Findings
from client.oversight.mirror import Mirror, entry_bundles, hash_tiles, tile_path
from client.oversight.proving import prove
from client.standalone.commanding import run_verifier
from shared.protocol.checkpoints import Checkpoint, check_extends, sign_checkpoint
from shared.protocol.cosignatures import cosign
from shared.protocol.merkle import EMPTY_ROOT, leaf_hash, verify_inclusion
from shared.protocol.tiles import WIDTH, Tile, parse_bundle
from tests.long_log import LongLog
from tests.simulated_node import WITNESS

SMALL = (1, 2, 255, 256, 257, 511, 513)
LARGE = (65_535, 65_536, 65_537, 70_000)
MILLION = 1_000_000


def tiles(mirror: Mirror) -> set[str]:
    found = (path for path in (mirror.folder / "tile").rglob("*") if path.is_file())
    return {path.relative_to(mirror.folder).as_posix() for path in found}


def entry(mirror: Mirror, size: int, index: int) -> bytes:
    n, place = divmod(index, WIDTH)
    tile = Tile(level=None, n=n, width=min(size - n * WIDTH, WIDTH))
    return parse_bundle(mirror.read(tile_path(tile)))[place]


def grown_through(folder: Path, sizes: tuple[int, ...]) -> Iterator[tuple[LongLog, int]]:
    """Grow a log from size to size, and audit it at each; what was read is not read again."""
    log = LongLog(folder, transfers=100)
    auditor = Auditor(mirror=log.mirror, pinned_root=log.pinned)
    for size in sizes:
        log.grow(size)
        log.publish()
        findings = Findings()
        audited = auditor.advance(findings)
        assert findings.failures == []
        assert audited is not None
        assert audited.ledger.count == size, "each entry once"
        yield log, size


@pytest.mark.parametrize("sizes", [SMALL, pytest.param(LARGE, marks=pytest.mark.soak)], ids=len)
def test_f26_every_size_is_audited_as_the_log_grows(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    before: Checkpoint | None = None
    for log, size in grown_through(tmp_path / "m", sizes):
        wanted = {tile_path(tile) for tile in (*hash_tiles(size), *entry_bundles(size))}
        assert wanted <= tiles(log.mirror)
        found = prove(log.mirror, log.pinned)
        stated = found.checkpoint
        if before is not None:
            check_extends(before, stated, found.consistency(before.size))
        before = stated
        for index in {0, size // 2, size - 1}:
            leaf = leaf_hash(entry(log.mirror, size, index))
            verify_inclusion(index, size, leaf, found.inclusion(index), stated.root)
    assert len(list(log.mirror.checkpoints())) == len(sizes)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257])
def test_f26_every_size_is_exported(
    tmp_path: Path, size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    log = LongLog(tmp_path / "m")
    log.grow(size)
    log.publish()
    export(log.mirror, tmp_path / "e", pinned_root=log.pinned)
    assert run_verifier([str(tmp_path / "e")]) == 0
    assert f"{size} entries" in capsys.readouterr().out


def test_f26_a_log_of_nothing_is_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = LongLog(tmp_path / "m")
    told = Checkpoint(origin=log.log.key.origin, size=0, root=EMPTY_ROOT)
    note = sign_checkpoint(told, log.log.key, log.now)
    note += cosign(note, WITNESS, log.now)
    log.mirror.write("checkpoint", note.encode())
    log.mirror.keep_checkpoint(note)
    auditor, findings = Auditor(mirror=log.mirror, pinned_root=log.pinned), Findings()
    assert auditor.advance(findings) is not None
    assert findings.failures == []
    export(log.mirror, tmp_path / "e", pinned_root=log.pinned)
    assert run_verifier([str(tmp_path / "e")]) == 0
    capsys.readouterr()
    log.grow(3)
    log.publish()
    assert auditor.advance(findings := Findings()) is not None
    assert findings.failures == []


def test_a_tile_that_changes_while_the_log_grows_is_found(tmp_path: Path) -> None:
    log = LongLog(tmp_path / "m")
    log.grow(300)
    log.publish()
    auditor = Auditor(mirror=log.mirror, pinned_root=log.pinned)
    assert auditor.advance(Findings()) is not None
    log.grow(600)
    log.publish()
    path = "tile/entries/001"
    log.mirror.write(path, log.mirror.read(path).replace(b'"officer"', b'"officers"', 1))
    auditor.advance(findings := Findings())
    assert findings.failures


def test_a_log_that_is_rewritten_while_it_is_watched_is_found(tmp_path: Path) -> None:
    """The audit goes on where it stopped; entries that it has read cannot be changed behind it."""
    log = LongLog(tmp_path / "m")
    log.grow(100)
    log.publish()
    auditor = Auditor(mirror=log.mirror, pinned_root=log.pinned)
    assert auditor.advance(Findings()) is not None
    other = LongLog(tmp_path / "other")
    other.log, other.pinned = other.log, log.pinned
    other.log.key = log.log.key
    other.grow(400)
    other.publish()
    for path in ("checkpoint", *sorted(tiles(other.mirror))):
        log.mirror.write(path, other.mirror.read(path))
    auditor.advance(findings := Findings())
    assert findings.failures


def audited(mirror: Path, root: Path) -> tuple[float, float, float]:
    """Seconds on the clock and of processors, and megabytes of both processes at most."""
    command = [sys.executable, "-m", "client", "audit", "verify", str(mirror), "--root", str(root)]
    begun, spent = time.monotonic(), os.times()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603
        most = 0.0
        while process.poll() is None:
            most = max(most, memory(process.pid))
            time.sleep(0.1)
        assert process.stdout is not None
        assert process.stdout.read().endswith(b"Verified.\n")
    after = os.times()
    cpu = after.children_user + after.children_system - spent.children_user - spent.children_system
    return time.monotonic() - begun, cpu, most


def memory(pid: int) -> float:
    """Megabytes of a process and of those that it started; what they share is counted once."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text(encoding="ascii").split()
        ]
    except OSError:
        return 0.0  # it has ended
    own = sum(int(line.split()[1]) for line in rollup.split("\n") if line.startswith("Pss:"))
    return own / 1024 + sum(map(memory, children))


def test_an_audit_of_ten_thousand_takes_seconds_and_little_memory(tmp_path: Path) -> None:
    log = LongLog(tmp_path / "m")
    log.grow(10_000)
    log.publish()
    (tmp_path / "root").write_bytes(log.pinned)
    _, cpu, most = audited(log.mirror.folder, tmp_path / "root")
    assert cpu < 6
    assert most < 120


@pytest.mark.soak
def test_f32_a_million_entries_are_audited_in_a_minute_and_200_megabytes(tmp_path: Path) -> None:
    log = LongLog(tmp_path / "m")
    log.grow(MILLION)
    log.publish()
    (tmp_path / "root").write_bytes(log.pinned)
    limit = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu, most = audited(log.mirror.folder, tmp_path / "root")
    print(f"{wall:.1f} s, {cpu:.1f} s of processors, {most:.0f} MB; made with {limit >> 10} MB")  # noqa: T201
    assert most < 200
    assert cpu < 60, "so it takes less than a minute on one free core, and two share the work"
    if os.getloadavg()[0] < 1.5:
        assert wall < 60
