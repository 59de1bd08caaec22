"""Exports of a country's two logs: one that was closed, and the one that goes on after it."""

from pathlib import Path

import pytest

from client.oversight.exporting import export
from shared.protocol.canonical import b64
from tests.unit.client.oversight.conftest import Exported
from tests.unit.client.oversight.test_succession import Years


def exported(years: Years, **closed: int | str) -> list[Exported]:
    root = years.folder / "root"
    made = []
    for mirror in years.mirrors(**closed):
        folder = years.folder / f"export-{mirror.folder.name}"
        export(mirror, folder, pinned_root=years.pinned)
        made.append(Exported(folder, root))
    root.write_bytes(years.pinned)
    return made


def test_both_hold_and_the_second_names_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = exported(Years(tmp_path))
    code, said = first.verify(capsys)
    assert code == 0, said
    code, said = second.verify(capsys)
    assert code == 0, said
    assert "the log begins where the one before it ended: log.qm.example/2026 at" in said


def test_an_end_that_the_directory_does_not_know_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    years = Years(tmp_path)
    root = years.folder / "root"
    _, second = years.mirrors(root=b64(b"x" * 32))
    export(second, tmp_path / "e", pinned_root=years.pinned)
    root.write_bytes(years.pinned)
    code, said = Exported(tmp_path / "e", root).verify(capsys)
    assert (code, "the directory says otherwise" in said) == (3, True)


def test_a_closed_log_that_goes_on_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    years = Years(tmp_path)
    years.mirrors()
    years.old.record(type="audit.queried")
    mirror = years.mirror("longer", years.old)
    (tmp_path / "root").write_bytes(years.pinned)
    export(mirror, tmp_path / "e", pinned_root=years.pinned)
    code, said = Exported(tmp_path / "e", tmp_path / "root").verify(capsys)
    assert (code, "the log was closed, and ends elsewhere" in said) == (3, True)
