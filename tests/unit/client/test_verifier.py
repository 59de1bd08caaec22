"""A bag verifies as it was handed over; whatever was changed in it is found and named."""

from pathlib import Path

import pytest

from client.bundle import open_bag
from client.verifier import verify_bag
from shared.protocol import chainfolder
from shared.protocol.checks import (
    Check,
    Failed,
    NotChecked,
    Passed,
    PayloadFile,
    Report,
    Result,
)
from tests.simulated_case import Case, standard_case, write_files

ALL = list(Check)
PACKAGE, RECEIPT = (
    written.logged().name for written in (standard_case().package, standard_case().qm.written[-1])
)
KINDS = [
    path
    for path in standard_case().bag_files()
    if "-000" not in path or path.startswith((PACKAGE, RECEIPT))
]
"""Every file but those of entries that are treated alike."""


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    return write_files(tmp_path / "bag", standard_case().bag_files())


def verify(bag: Path, case: Case | None = None) -> Report:
    pinned = (case or standard_case()).directory[1]
    return verify_bag(open_bag(bag), pinned_root=pinned)


def failures(report: Report) -> dict[Check, Failed]:
    return {each.check: each for each in report.results if isinstance(each, Failed)}


def objects(report: Report) -> set[str]:
    return {each.object for each in report.results if isinstance(each, Failed)}


def test_a_bag_as_it_was_handed_over_verifies(bag: Path) -> None:
    told: list[Result] = []
    report = verify_bag(open_bag(bag), pinned_root=standard_case().directory[1], tell=told.append)
    assert report.verified
    assert [each.check for each in told] == ALL
    assert tuple(told) == report.results


def test_what_the_caller_has_just_hashed_is_not_hashed_again(bag: Path) -> None:
    done: list[int] = []
    known = {
        path: PayloadFile(path=path, size=len(content), sha256=b"x" * 32)
        for path, content in standard_case().evidence.items()
    }
    report = verify_bag(
        open_bag(bag),
        pinned_root=standard_case().directory[1],
        hashed=known,
        progress=done.append,
    )
    assert Check.PAYLOAD in failures(report)
    assert done == []


@pytest.mark.parametrize("path", KINDS)
def test_one_changed_byte_is_found_and_named(bag: Path, path: str) -> None:
    content = bytearray((bag / path).read_bytes() or b"x")
    place = len(content) * 2 // 3
    content[place] ^= 1 << place % 8
    (bag / path).write_bytes(content)
    report = verify(bag)
    assert not report.verified
    stem = path.removesuffix(".leaf").removesuffix(".tlog-proof").removesuffix(".json")
    assert any(stem in each for each in objects(report)), objects(report)


@pytest.mark.parametrize(
    "path", ["data/chat.db", "bagit.txt", chainfolder.DIRECTORY, PACKAGE + ".leaf"]
)
def test_one_missing_file_is_found_and_named(bag: Path, path: str) -> None:
    (bag / path).unlink()
    assert path in objects(verify(bag))


def test_checks_that_rest_on_a_broken_one_are_not_made(bag: Path) -> None:
    (bag / chainfolder.DIRECTORY).write_bytes(b"{}")
    report = verify(bag)
    made = {each.check: type(each) for each in report.results}
    assert made[Check.TRUST] is Failed
    assert made[Check.TAGS] is Passed
    assert made[Check.ENTRY] is made[Check.APPROVALS] is NotChecked
    reasons = {each.detail for each in report.results if isinstance(each, NotChecked)}
    assert "it rests on 1" in reasons


def test_another_pinned_root_vouches_for_nothing(bag: Path) -> None:
    other = Case().directory[1]
    report = verify_bag(open_bag(bag), pinned_root=other)
    assert set(failures(report)) == {Check.TRUST}


def test_a_bag_without_its_package_entry_says_so(bag: Path) -> None:
    name = standard_case().package.logged().name
    for part in ("json", "leaf", "tlog-proof"):
        (bag / f"{name}.{part}").unlink()
    assert "the package entry is missing" in failures(verify(bag))[Check.ENTRY].detail


def test_a_package_entry_that_cannot_be_read_is_named(bag: Path) -> None:
    name = standard_case().package.logged().name + ".json"
    (bag / name).write_bytes(b"{}")
    assert failures(verify(bag))[Check.ENTRY].object == name


def test_any_entry_that_cannot_be_read_is_named(bag: Path) -> None:
    (bag / f"{RECEIPT}.json").write_bytes(b"{}")
    assert failures(verify(bag))[Check.CHAIN].object == f"{RECEIPT}.json"


def test_an_entry_under_another_name_is_refused(bag: Path) -> None:
    mine, other = (
        written.logged().name + ".json"
        for written in (standard_case().package, standard_case().qn.written[-2])
    )
    content = (bag / mine).read_bytes()
    (bag / mine).write_bytes((bag / other).read_bytes())
    (bag / other).write_bytes(content)
    assert "this is the entry of" in failures(verify(bag))[Check.ENTRY].detail


def test_two_packages_of_a_case_are_told_apart(tmp_path: Path) -> None:
    """The bag of the first package carries the entry of the second as well."""
    case = Case()
    first = case.bag_files()
    case.answer_again()
    second = case.bag_files()
    chain = {path: each for path, each in second.items() if path.startswith("chain/")}
    bag = write_files(tmp_path / "bag", {**first, **chain})
    assert verify(bag, case).verified
    other = write_files(tmp_path / "other", second)
    assert verify(other, case).verified


FLAWED = {
    "no_common_instrument": (Case(legal_basis="XX"), {Check.BASIS}),
    "one_approval": (Case(approvals=1), {Check.APPROVALS}),
    "never_consigned": (Case(consigned=False), {Check.RECEIPTS}),
}


@pytest.mark.parametrize("flaw", FLAWED)
def test_what_was_wrong_from_the_beginning_is_found(tmp_path: Path, flaw: str) -> None:
    case, expected = FLAWED[flaw]
    report = verify(write_files(tmp_path / "bag", case.bag_files()), case)
    assert set(failures(report)) == expected
