"""An export holds as it was written, and says what it cannot show."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from client.errors import MissingError, StateError
from client.oversight.exporting import export
from client.oversight.mirror import CASE_KEY, Mirror
from client.oversight.openings import Openings
from client.oversight.sheet import CUSTODY_MODULES, MODULES, custody_verifier, verifier
from client.standalone.commanding import run_verifier
from shared.protocol import leaves
from shared.protocol.canonical import Json, b64u, encode, read
from shared.protocol.commitments import Opening
from shared.protocol.digests import sha256
from shared.protocol.errors import ProtocolError
from tests.long_log import LongLog
from tests.simulated_case import Case
from tests.simulated_mirror import write_mirror
from tests.unit.client.oversight.conftest import Exported, middle


def test_a_whole_log_holds(whole: Exported, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = whole.verify(capsys)
    assert code == 0, said
    assert "290 entries, 14 of transfers" in said
    assert "newest root of the index is the one of its entries: over 201 entries" in said
    assert "earlier roots of the index: not checked here; 2 are there" in said
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


@pytest.mark.parametrize("sheet", [verifier, custody_verifier])
def test_a_verifier_is_one_file_of_all_its_modules(sheet: Callable[[], bytes]) -> None:
    text = sheet().decode()
    assert "client." not in re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
    names = re.findall(r"^(?:def|class) (\w+)|^([A-Za-z_]\w*)(?::.*)? = ", text, flags=re.MULTILINE)
    given = [first or second for first, second in names]
    assert len(given) == len(set(given)), "a name stands for two things"
    folder = Path(sys.modules["client.standalone"].__path__[0])
    known = {*MODULES, *CUSTODY_MODULES}
    assert {f"{name}.py" for name in known} == {each.name for each in folder.glob("[a-z]*.py")}
    assert not re.search(
        r"\b(?:time|datetime|socket|urllib|random)\b\.|^import (?:time|socket)", text
    )
