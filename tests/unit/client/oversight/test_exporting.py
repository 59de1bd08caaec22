"""An export proves itself with Python alone, and whatever was changed in it is found and named."""

import hashlib
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from client.errors import MissingError, StateError
from client.oversight.exporting import MANIFESTS, export
from client.oversight.mirror import CASE_KEY, Mirror
from client.oversight.openings import Openings
from client.oversight.sheet import MODULES, verifier
from client.standalone.commanding import run_verifier
from shared.protocol import leaves
from shared.protocol.canonical import Json, b64u, encode, read
from shared.protocol.checkpoints import Checkpoint, sign_checkpoint
from shared.protocol.commitments import Opening
from shared.protocol.digests import sha256
from shared.protocol.errors import ProtocolError
from shared.protocol.misbehaviour import accuse
from shared.protocol.timestamps import Stamp, format_stamp, imprint
from tests.long_log import LongLog
from tests.simulated_case import Case
from tests.simulated_mirror import write_mirror
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


def test_a_whole_log_holds(whole: Exported, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = whole.verify(capsys)
    assert code == 0, said
    assert "290 entries, 14 of transfers" in said
    assert "evidence of misbehaviour convicts its log: log.qm.example/2026 at 290" in said
    assert "time stamps (RFC 3161): not checked here" in said
    assert not (whole.folder / CASE_KEY).exists()
    assert sorted(path.name for path in (whole.folder / "timestamps").iterdir()) == [
        f"290-0123456789abcdef.{end}" for end in ("json", "note", "tst")
    ]


def test_one_case_holds_and_is_complete(one: Exported, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = one.verify(capsys)
    assert code == 0, said
    assert "these are all entries of the case: up to entry 201" in said
    assert len(list((one.folder / "entries").glob("*.leaf"))) == 20
    assert not (one.folder / "tile").exists()


def test_stock_tools_check_the_manifest(whole: Exported) -> None:
    subprocess.run(
        ["sha256sum", "--quiet", "-c", "MANIFEST-SHA256"],  # noqa: S607 - a stock tool
        cwd=whole.folder,
        check=True,
        timeout=30,
    )


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at % len(content)] ^= 1
    path.write_bytes(content)


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


def middle(path: Path) -> None:
    flip(path, path.stat().st_size // 2)


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


def test_without_a_root_of_the_readers_own_it_says_so(
    whole: Exported, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_verifier([str(whole.folder)]) == 0
    fingerprint = sha256(whole.root.read_bytes()).hex()
    said = capsys.readouterr().out
    assert f"directory's root: not checked here; compare its SHA-256: {fingerprint}" in said
    assert run_verifier([str(whole.folder), "--root-sha256", fingerprint.upper()]) == 0
    assert run_verifier([str(whole.folder), "--root-sha256", "0" * 64]) == 3
    whole.root.write_bytes(b"{}")
    assert run_verifier([str(whole.folder), "--root", str(whole.root)]) == 3
    with pytest.raises(SystemExit) as ended:
        run_verifier([str(whole.folder), "--root", str(whole.root) + "?"])
    assert ended.value.code == 2


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


def test_an_entry_that_is_left_out_of_a_case_is_missed(
    one: Exported, capsys: pytest.CaptureFixture[str]
) -> None:
    path = one.folder / "export.json"
    told = read(path.read_bytes())
    assert isinstance(told, dict)
    indices = told["indices"]
    assert isinstance(indices, list)
    last = indices.pop()
    path.write_bytes(encode(told))
    for end in ("leaf", "tlog-proof"):
        (one.folder / f"entries/{last:08d}.{end}").unlink()
    one.repair()
    code, said = one.verify(capsys)
    assert code == 3
    assert "the index has other entries of the case" in said
    assert "ok      each entry of the case stands in the signed tree" in said


def test_openings_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = Case()
    opening = Opening(name="officer", value="A. Example")
    index = case.qm.record(
        type="package.read", case_id=case.request_id, commit={"officer": opening.commitment()}
    )
    mirror = write_mirror(tmp_path / "m", case, case.qm)
    rows: Json = {"name": opening.name, "value": opening.value, "salt": b64u(opening.salt)}
    openings = Openings(((index, (rows,)),))
    (tmp_path / "root").write_bytes(case.directory[1])
    for number, case_id in enumerate((None, case.request_id)):
        folder = tmp_path / f"e{number}"
        export(mirror, folder, pinned_root=case.directory[1], case_id=case_id, openings=openings)
        exported = Exported(folder, tmp_path / "root")
        code, said = exported.verify(capsys)
        assert (code, "the entries commit to what is opened: 1 entries" in said) == (0, True), said
        assert ("the log has no index yet" in said) == (number == 1)
        path = folder / "openings.json"
        path.write_bytes(path.read_bytes().replace(b"A. Example", b"B. Example"))
        exported.repair()
        code, said = exported.verify(capsys)
        assert (code, "commits to another officer" in said) == (3, True)


def test_a_log_that_says_another_than_its_channel_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log's operator may sign anything: chains and the other country's leaves are against him."""
    case = Case()
    index = case.qm.written[-2].index
    leaf = leaves.parse(case.qm.bodies[index])
    members = {name: getattr(leaf, name) for name in leaf.__dataclass_fields__}
    case.qm.bodies[index] = leaves.build(leaves.Leaf(**{**members, "type": "transfer.sent"}))
    mirror = write_mirror(tmp_path / "m", case, case.qm)
    (tmp_path / "root").write_bytes(case.directory[1])
    export(mirror, tmp_path / "e", pinned_root=case.directory[1])
    code, said = Exported(tmp_path / "e", tmp_path / "root").verify(capsys)
    assert (code, "in the channel and not in the log" in said) == (3, True), said


def test_what_cannot_be_exported(mirrored: tuple[LongLog, Mirror], tmp_path: Path) -> None:
    log, mirror = mirrored
    (tmp_path / "full").write_text("x")
    with pytest.raises(StateError, match="is not empty"):
        export(mirror, tmp_path, pinned_root=log.pinned)
    with pytest.raises(MissingError, match="says nothing of"):
        export(mirror, tmp_path / "e", pinned_root=log.pinned, case_id=log.case(99))
    copy = Mirror(tmp_path / "copy")
    shutil.copytree(mirror.folder, copy.folder)
    middle(copy.folder / "directory.json")
    with pytest.raises(ProtocolError):
        export(copy, tmp_path / "e", pinned_root=log.pinned)


def test_the_verifier_is_one_file_of_all_its_modules() -> None:
    text = verifier().decode()
    assert "client." not in re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
    names = re.findall(r"^(?:def|class) (\w+)|^([A-Za-z_]\w*)(?::.*)? = ", text, flags=re.MULTILINE)
    given = [first or second for first, second in names]
    assert len(given) == len(set(given)), "a name stands for two things"
    folder = Path(sys.modules["client.standalone"].__path__[0])
    assert {f"{name}.py" for name in MODULES} == {each.name for each in folder.glob("[a-z]*.py")}
    assert not re.search(
        r"\b(?:time|datetime|socket|urllib|random)\b\.|^import (?:time|socket)", text
    )


PRELUDE = """
import sys, time
def alone(event, given):
    if event.startswith(("socket.", "subprocess.", "os.system", "ctypes.")):
        raise SystemExit(f"the verifier wants {event}")
    if event == "open" and given[1] and set(given[1]) & set("wax+"):
        raise SystemExit(f"the verifier writes {given[0]}")
sys.addaudithook(alone)
print("year", time.gmtime().tm_year)
import runpy
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
AHEAD = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
#include <sys/time.h>
#define YEARS (20L * 366 * 86400)
int clock_gettime(clockid_t id, struct timespec *at) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(id, at);
    if (id == CLOCK_REALTIME) at->tv_sec += YEARS;
    return done;
}
time_t time(time_t *to) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    if (to) *to = at.tv_sec;
    return at.tv_sec;
}
"""


def clock_ahead(folder: Path) -> dict[str, str]:
    """What puts the clock of a process twenty years ahead, where there is a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return {}
    (folder / "ahead.c").write_text(AHEAD)
    library = folder / "ahead.so"
    made = ["-o", str(library), str(folder / "ahead.c"), "-ldl"]
    subprocess.run([compiler, "-shared", "-fPIC", *made], check=True, timeout=60)  # noqa: S603
    return {"LD_PRELOAD": str(library)}


@pytest.mark.parametrize("kind", ["log", "case"])
def test_f30_clean_environment_no_network_twenty_years_on(
    whole: Exported, one: Exported, tmp_path: Path, kind: str
) -> None:
    exported = whole if kind == "log" else one
    place = tmp_path / "elsewhere" / "of a court"
    shutil.copytree(exported.folder, place)
    environment = clock_ahead(tmp_path)
    alone = [sys.executable, "-I", "-S", "-B", "-c", PRELUDE, place / "verify.py"]
    run = [*map(str, alone), "--root", str(exported.root)]
    said = subprocess.run(  # noqa: S603
        run, cwd="/", env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert said.returncode == 0, said.stdout + said.stderr
    year = int(said.stdout.split()[1])
    assert year >= (2046 if environment else 2026)
    assert "Everything that was checked holds. Not checked here: ML-DSA-44" in said.stdout
    middle(place / ("tile/entries/000" if kind == "log" else "index/root.leaf"))
    said = subprocess.run(run, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert said.returncode == 3
