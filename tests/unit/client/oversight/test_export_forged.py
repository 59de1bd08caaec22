"""Whatever was changed in an export is found and named, with the manifests repaired or not."""

import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from client.oversight.exporting import export
from shared.protocol.digests import sha256
from shared.protocol.indexroots import IndexRoots
from tests.long_log import LongLog
from tests.unit.client.oversight.conftest import Exported, flip


def kinds(folder: Path) -> dict[str, Path]:
    """One file of each kind."""
    found: dict[str, Path] = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        name = path.relative_to(folder).as_posix()
        found[re.sub(r"[0-9a-f]{6,}|[0-9]+", "N", name)] = path
    return found


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 12))]
)
def test_a_flipped_byte_in_any_kind_of_file_is_found(
    whole: Exported, one: Exported, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three kinds of each export by the seed, and a place in each."""

    def drawn(text: str) -> int:
        return int.from_bytes(sha256(f"{seed} {text}".encode()))

    for exported in (whole, one):
        found = kinds(exported.folder)
        for kind in sorted(found, key=drawn)[:3]:
            before = found[kind].read_bytes()
            flip(found[kind], drawn(f"place in {kind}"))
            code, said = exported.verify(capsys)
            assert (code, "NOT verified" in said) == (3, True), kind
            found[kind].write_bytes(before)


@pytest.mark.soak
def test_every_file_counts(
    whole: Exported, one: Exported, capsys: pytest.CaptureFixture[str]
) -> None:
    for exported in (whole, one):
        for path in sorted(each for each in exported.folder.rglob("*") if each.is_file()):
            before = path.read_bytes()
            flip(path, secrets.randbelow(len(before)))
            assert exported.verify(capsys)[0] == 3, path
            path.write_bytes(before)


ANCHORED = {
    "tile/entries/000": "the newest checkpoint|entries do not lead|tile/0/000",
    "tile/0/000": "tile/0/000: it is a tile over other entries",
    "tile/1/000.p/1": "tile/1/000.p/1: it is over other tiles",
    "root.json": "root.json is the root that you named",
    "directory.json": "the directory holds from its root",
    "directories/*": "the directory holds from its root",
    "counterparts/*.leaf": "counterparts/",
    "counterparts/*.tlog-proof": "counterparts/",
    "channels/QM-QN.json": "each direction is unbroken",
    "evidence/*": "evidence of misbehaviour",
}


@pytest.mark.parametrize("name", ANCHORED)
def test_who_repairs_the_manifest_is_found_all_the_same(
    whole: Exported, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = max(whole.folder.glob(name))
    flip(path, 60 if name.endswith(("proof", "evidence/*")) else path.stat().st_size // 2)
    whole.repair()
    code, said = whole.verify(capsys)
    assert code == 3, said
    assert re.search(f"FAILED .*(\n .*)*({ANCHORED[name]})", said), said


ANCHORED_OF_A_CASE = {
    "entries/*.leaf": "entries/000000",
    "entries/*.tlog-proof": "entries/000000",
    "index/root.leaf": "all entries of the case",
    "index/root.tlog-proof": "all entries of the case",
    "index/proof.json": "all entries of the case",
}


@pytest.mark.parametrize("name", ANCHORED_OF_A_CASE)
def test_so_is_who_repairs_that_of_a_case(
    one: Exported, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flip(max(one.folder.glob(name)), 60)
    one.repair()
    code, said = one.verify(capsys)
    assert (code, ANCHORED_OF_A_CASE[name] in said) == (3, True), said


def signature_lines(path: Path, kind: str) -> Iterator[int]:
    """Where the base64 of Ed25519 or of ML-DSA-44 lines stands in a checkpoint."""
    at = 0
    for line in path.read_bytes().split(b"\n"):
        long = len(line) > 1000
        if line.startswith("\N{EM DASH}".encode()) and long == (kind == "ML-DSA"):
            yield at + line.rindex(b" ") + 60
        at += len(line) + 1


def test_no_ed25519_line_can_be_changed(
    whole: Exported, capsys: pytest.CaptureFixture[str]
) -> None:
    path = whole.folder / "checkpoint"
    for at in list(signature_lines(path, "Ed25519")):
        before = path.read_bytes()
        path.write_bytes(
            before[:at] + (b"B" if before[at : at + 1] == b"A" else b"A") + before[at + 1 :]
        )
        whole.repair()
        assert whole.verify(capsys)[0] == 3
        path.write_bytes(before)


def test_ml_dsa_is_never_called_valid(whole: Exported, capsys: pytest.CaptureFixture[str]) -> None:
    """A false one passes here, so what is said of it must not be read as more than it is."""
    path = whole.folder / "checkpoint"
    places = list(signature_lines(path, "ML-DSA"))
    assert len(places) == 2, "the log's, and a witness's"
    for at in places:
        content = path.read_bytes()
        path.write_bytes(
            content[:at] + (b"B" if content[at : at + 1] == b"A" else b"A") + content[at + 1 :]
        )
    whole.repair()
    code, said = whole.verify(capsys)
    assert code == 0
    told = [line for line in said.splitlines() if "ML-DSA" in line]
    assert told
    assert all("ot checked here" in line for line in told)
    assert not any(line.startswith("ok") for line in told)


def rename(exported: Exported) -> None:
    (exported.folder / "tile/0/000").rename(exported.folder / "tile/0/001")


def add(exported: Exported) -> None:
    (exported.folder / "more.txt").write_text("hello")


def link(exported: Exported) -> None:
    (exported.folder / "README.txt").unlink()
    (exported.folder / "README.txt").symlink_to("/etc/hostname")


def no_export(exported: Exported) -> None:
    (exported.folder / "export.json").write_text("{}")


def no_manifest(exported: Exported) -> None:
    (exported.folder / "MANIFEST-SHA256").unlink()


def not_text(exported: Exported) -> None:
    (exported.folder / "MANIFEST-SHA256").write_bytes(b"\xff\n")


def no_directory(exported: Exported) -> None:
    (exported.folder / "directory.json").write_text("{}")
    shutil.rmtree(exported.folder / "directories")
    exported.repair()


def other_size(exported: Exported) -> None:
    path = exported.folder / "export.json"
    path.write_bytes(path.read_bytes().replace(b'"size":290', b'"size":289'))
    exported.repair()


def went_back(exported: Exported) -> None:
    older = next((exported.folder / "checkpoints").glob("150-*"))
    (exported.folder / "checkpoint").write_bytes(older.read_bytes())
    exported.repair()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (rename, "tile/0/001: not in MANIFEST-SHA256"),
        (add, "more.txt: not in MANIFEST-SHA256"),
        (link, "README.txt: it is a link"),
        (no_export, "FAILED  this is an export"),
        (no_manifest, "MANIFEST-SHA256 is missing"),
        (not_text, "MANIFEST-SHA256 is not text"),
        (no_directory, "FAILED  the directory holds"),
        (other_size, "export.json is of another"),
        (went_back, "export.json is of another"),
    ],
)
def test_what_is_missing_or_added_is_named(
    whole: Exported,
    damage: Callable[[Exported], None],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    damage(whole)
    code, out = whole.verify(capsys)
    assert (code, said in out) == (3, True), out


def test_an_index_that_leaves_an_entry_out_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operator signs what he likes; the root of his index is against him."""
    log = LongLog(tmp_path / "m", roots=50)
    log.grow(60)
    log.index = IndexRoots()
    for _ in range(60):
        log.index.add(None, None)
    log.grow(120)
    log.publish()
    export(log.mirror, tmp_path / "e", pinned_root=log.pinned)
    (tmp_path / "root").write_bytes(log.pinned)
    code, said = Exported(tmp_path / "e", tmp_path / "root").verify(capsys)
    assert (code, "the index of the first 101 entries has another root" in said) == (3, True)
