import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol.encryption import sealed_size
from shared.protocol.errors import BagError, DigestMismatchError, FormatError
from shared.protocol.identifiers import TAG_ITEM, ItemId
from shared.protocol.manifest import (
    MAX_INDEX,
    SegmentIndex,
    SegmentRow,
    check_distinct,
    check_path,
    stored_path,
)
from shared.protocol.messages import PackageBody
from tests.unit.shared.protocol.examples import HASH, ITEMS, byte_changes, package_body

MIB = 2**20


def _row(item: str = ITEMS[0], n: int = 0, size: int = 10) -> SegmentRow:
    return SegmentRow(item_id=ItemId(item), n=n, sha256=b"\x5a" * 32, size=sealed_size(size))


INDEX = SegmentIndex((_row(size=MIB), _row(n=1), _row(ITEMS[1], 0, 0), _row(TAG_ITEM, size=999)))


@pytest.mark.parametrize(
    "path",
    [
        "data/a.txt",
        "data/Пример/日本語.pdf",
        "data/a b/c (1).tar.gz",
        "bagit.txt",
        "data/.hidden",
        "data/" + "x" * 200,
    ],
)
def test_a_safe_path_is_taken_as_it_is(path: str) -> None:
    assert check_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "data//a",
        "data/",
        "data/./a",
        "../a",
        "data/../../a",
        "data\\a",
        "C:/a",
        "~/a",
        "~root/a",
        "data/a%0Ab",
        "data/a\nb",
        "data/a\tb",
        "data/a\x7fb",
        "data/a\u0085b",
        "data/a\u202ecod.exe",
        "data/a\u2028b",
        "data/a\ud800b",
        "data/e\u0301",
        "data/a:b",
        "data/a*",
        "data/CON",
        "data/nul.txt",
        "data/com1.pdf",
        "data/a.",
        "data/a ",
        "data/ a",
        "data/-rf",
        "data/" + "x" * 201,
        "data/" + "x/" * 500 + "x",
    ],
    ids=ascii,
)
def test_a_path_that_is_not_safe_everywhere_is_refused(path: str) -> None:
    with pytest.raises(BagError):
        check_path(path)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("report.pdf", "data/report.pdf"),
        ("C:\\Users\\x\\report.pdf", "data/C_/Users/x/report.pdf"),
        ("../../etc/passwd", "data/etc/passwd"),
        ("100%.txt", "data/100_.txt"),
        ("e\u0301.txt", "data/\u00e9.txt"),
        ("", "data/unnamed"),
        ("..", "data/unnamed"),
        ("NUL.txt", "data/_NUL.txt"),
        ("ends with dot.", "data/ends with dot_"),
        ("-rf", "data/_rf"),
        ("x" * 300 + ".jpeg", "data/" + "x" * 194 + "_.jpeg"),
        ("x" * 300, "data/" + "x" * 199 + "_"),
        ("." + "x" * 300, "data/." + "x" * 198 + "_"),
        ("x/" * 500 + "name.txt", "data/name.txt"),
    ],
    ids=lambda text: f"{text[:20]!a} of {len(text)}",
)
def test_any_name_has_a_safe_path(name: str, path: str) -> None:
    assert check_path(stored_path(name)) == path


NAMES = st.text(st.sampled_from("aé\u0301\u202e%/\\:. -~\n\U0001f468\u200d日conCON1")) | st.text()


@given(NAMES)
def test_the_path_of_any_name_is_safe(name: str) -> None:
    path = check_path(stored_path(name))

    assert path.startswith("data/")
    assert unicodedata.is_normalized("NFC", path)


@given(st.integers(0, 400), st.text(min_size=0, max_size=60))
def test_the_path_of_a_long_name_is_safe(length: int, end: str) -> None:
    check_path(stored_path("né日" * length + end))


@pytest.mark.parametrize(
    "paths",
    [
        ["data/a", "data/a"],
        ["data/a", "data/A"],
        ["data/straße", "data/STRASSE"],
        ["data/a", "data/a/b"],
        ["data/a/b/c", "data/A"],
    ],
    ids=str,
)
def test_two_paths_that_cannot_stand_in_one_folder_are_refused(paths: list[str]) -> None:
    with pytest.raises(BagError):
        check_distinct(paths)


def test_distinct_paths_are_distinct() -> None:
    check_distinct(["data/a/b", "data/a/c", "data/ab", "data/b/a"])


def test_an_index_is_read_as_it_was_written() -> None:
    written = INDEX.to_bytes()

    assert written.splitlines()[0] == f"{ITEMS[0]} 0 {'5a' * 32} 1049672".encode()
    assert SegmentIndex.from_bytes(written) == INDEX
    assert len(INDEX.digest()) == 48


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4), st.integers(0, 50_000))
def test_any_index_is_read_as_it_was_written(counts: list[int], size: int) -> None:
    items = [*ITEMS[: len(counts) - 1], TAG_ITEM]
    rows = [_row(i, n, size) for i, count in zip(items, counts, strict=True) for n in range(count)]
    index = SegmentIndex((*rows, *([] if counts[-1] else [_row(TAG_ITEM)])))

    assert SegmentIndex.from_bytes(index.to_bytes()) == index


def test_a_changed_byte_is_another_index_or_refused() -> None:
    for changed in byte_changes(INDEX.to_bytes()):
        try:
            found = SegmentIndex.from_bytes(changed)
        except FormatError:
            continue
        assert found != INDEX
        assert found.digest() != INDEX.digest()


@pytest.mark.parametrize(
    "rows",
    [
        (),
        (_row(),),
        (_row(TAG_ITEM), _row()),
        (_row(n=1), _row(TAG_ITEM)),
        (_row(), _row(), _row(TAG_ITEM)),
        (_row(), _row(n=2), _row(TAG_ITEM)),
        (_row(n=0), _row(ITEMS[1]), _row(n=1), _row(TAG_ITEM)),
        (_row(n=0), _row(ITEMS[1]), _row(n=0), _row(TAG_ITEM)),
        (_row(TAG_ITEM, n=1),),
        (_row("an item"), _row(TAG_ITEM)),
        (_row(n=-1), _row(TAG_ITEM)),
        (_row(size=2**28 + 1), _row(TAG_ITEM)),
        (SegmentRow(item_id=ITEMS[0], n=0, sha256=bytes(32), size=71), _row(TAG_ITEM)),
        (SegmentRow(item_id=ITEMS[0], n=0, sha256=bytes(31), size=99), _row(TAG_ITEM)),
        (SegmentRow(item_id=ITEMS[0], n=0, sha256=bytes(32), size=72 + 16390), _row(TAG_ITEM)),
    ],
    ids=range(15),
)
def test_rows_in_any_other_order_are_no_index(rows: tuple[SegmentRow, ...]) -> None:
    with pytest.raises(FormatError):
        SegmentIndex(rows)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        INDEX.to_bytes()[:-1],
        INDEX.to_bytes() + b"\n",
        INDEX.to_bytes().replace(b"\n", b"\r\n"),
        INDEX.to_bytes().replace(b" 0 ", b" 00 "),
        INDEX.to_bytes().replace(b" 0 ", b"  0 "),
        INDEX.to_bytes().replace(b"5a", b"5A"),
        b"\xef\xbb\xbf" + INDEX.to_bytes(),
        bytes(MAX_INDEX + 1),
    ],
    ids=range(9),
)
def test_any_other_spelling_of_an_index_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        SegmentIndex.from_bytes(data)


def _announced(index: SegmentIndex = INDEX, **changes: object) -> PackageBody:
    whole = {"segments": 4, "items": 2, "size": MIB + 10, "index_sha384": index.digest().hex()}
    return package_body(**{**whole, **changes})


def test_an_index_is_the_one_announced() -> None:
    INDEX.check_announced(_announced())


@pytest.mark.parametrize(
    "changes", [{"index_sha384": HASH}, {"segments": 5}, {"items": 3}, {"size": MIB}], ids=str
)
def test_another_index_than_the_one_announced_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(DigestMismatchError):
        INDEX.check_announced(_announced(INDEX, **changes))


@pytest.mark.parametrize(
    ("rows", "changes"),
    [
        ((_row(size=MIB - 1), _row(n=1, size=11), _row(TAG_ITEM)), {"segments": 3, "items": 1}),
        ((_row(size=MIB + 10), _row(TAG_ITEM)), {"segments": 2, "items": 1}),
        ((_row(TAG_ITEM, size=2 * MIB),), {"segments": 1, "items": 0, "size": 0}),
    ],
    ids=["not full", "too long", "tag files too long"],
)
def test_segments_have_the_announced_size(
    rows: tuple[SegmentRow, ...], changes: dict[str, object]
) -> None:
    index = SegmentIndex(rows)

    with pytest.raises(DigestMismatchError):
        index.check_announced(_announced(index, **changes))
