import subprocess
from pathlib import Path

import bagit
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol.bag import (
    BAG_INFO,
    BAGIT,
    CASE,
    CUSTODY,
    MANIFEST,
    MAX_CASE,
    MAX_CUSTODY,
    SIGNATURE,
    TAG_MANIFEST,
    check_tag_files,
    parse_manifest,
    parse_tag_set,
    tag_files,
    tag_set,
    write_manifest,
)
from shared.protocol.canonical import Json, encode, parse
from shared.protocol.digests import sha256
from shared.protocol.errors import BagError, DigestMismatchError, FormatError, ProtocolError
from shared.protocol.identifiers import ItemId
from shared.protocol.manifest import Item
from tests.unit.shared.protocol.examples import ITEMS, PACKAGE, byte_changes, item

SALT = bytes(range(32))
CONTENT = {"data/a.txt": b"evidence", "data/Пример/b c.pdf": b"", "data/z/é.bin": b"\0" * 5000}


def _item(number: int, path: str, content: bytes) -> Item:
    return Item(
        item_id=ItemId(ITEMS[number]),
        path=path,
        size=len(content),
        sha256=sha256(content),
        media_type="text/plain",
    )


EVIDENCE = [_item(n, path, content) for n, (path, content) in enumerate(CONTENT.items())]
INFO = {"External-Identifier": PACKAGE, "Source-Organization": "Ministère de la Justice"}


def _files(items: list[Item] | None = None, **changes: object) -> dict[str, bytes]:
    parts: dict[str, object] = {
        "case_jsonld": b"{}", "custody": b"[]", "info": INFO, "salt": SALT, **changes,
    }  # fmt: skip
    return tag_files(EVIDENCE if items is None else items, **parts)  # type: ignore[arg-type]


FILES = _files()
SET = tag_set({**FILES, SIGNATURE: b"signature"})


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def test_the_library_of_congress_finds_the_bag_valid(tmp_path: Path) -> None:
    extra = {SIGNATURE: b"signature", "chain/links.json": b"[]"}
    _write(tmp_path, {**FILES, **CONTENT, **extra})

    bag = bagit.Bag(str(tmp_path))

    bag.validate()
    assert bag.info["External-Identifier"] == PACKAGE


def test_the_library_of_congress_finds_a_changed_file(tmp_path: Path) -> None:
    _write(tmp_path, {**FILES, **CONTENT, "data/a.txt": b"Evidence"})

    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(tmp_path)).validate()


@pytest.mark.parametrize("manifest", [MANIFEST, TAG_MANIFEST])
def test_a_court_checks_the_bag_with_sha256sum(tmp_path: Path, manifest: str) -> None:
    _write(tmp_path, {**FILES, **CONTENT})
    command = ["sha256sum", "--check", "--strict", "--quiet", manifest]  # coreutils

    subprocess.run(command, cwd=tmp_path, check=True)  # noqa: S603  nothing from outside


def test_the_tag_files_tell_what_the_specification_says() -> None:
    assert list(FILES) == [BAGIT, BAG_INFO, MANIFEST, CASE, CUSTODY, TAG_MANIFEST]
    assert FILES[BAGIT] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    assert FILES[BAG_INFO].decode().splitlines() == [
        f"External-Identifier: {PACKAGE}",
        "Source-Organization: Ministère de la Justice",
        "Payload-Oxum: 5008.3",
        f"Rogatory-Salt: {SALT.hex()}",
    ]
    assert parse_manifest(FILES[MANIFEST]) == {path: sha256(c) for path, c in CONTENT.items()}
    assert check_tag_files(FILES) == parse_manifest(FILES[MANIFEST])


def test_the_salt_hides_what_the_digest_of_the_tag_manifest_would_confirm() -> None:
    assert _files()[TAG_MANIFEST] == FILES[TAG_MANIFEST]
    assert _files(salt=bytes(32))[TAG_MANIFEST] != FILES[TAG_MANIFEST]


def test_a_bag_may_be_empty() -> None:
    assert check_tag_files(_files([])) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"items": [item(path="a.txt")]},
        {"items": [item(path="data/../a.txt")]},
        {"items": [item(path="data/a%.txt")]},
        {"items": [item(0), item(1)]},
        {"items": [item(0), item(1, path="data/A.TXT")]},
        {"salt": bytes(31)},
        {"case_jsonld": bytes(MAX_CASE + 1)},
        {"custody": bytes(MAX_CUSTODY + 1)},
        {"info": {"Payload-Oxum": "0.0"}},
        {"info": {"Rogatory-Salt": "0"}},
        {"info": {"Contact: Name": "x"}},
        {"info": {"lower": "x"}},
        {"info": {"Contact-Name": ""}},
        {"info": {"Contact-Name": "x\nPayload-Oxum: 0.0"}},
        {"info": {"Contact-Name": "x\r"}},
        {"info": {"Contact-Name": " x"}},
    ],
    ids=range(16),
)
def test_a_bag_outside_the_profile_is_not_written(changes: dict[str, object]) -> None:
    with pytest.raises(BagError):
        _files(**changes)  # type: ignore[arg-type]


PATHS = st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=1, max_size=20)


@given(st.dictionaries(PATHS, st.binary(min_size=32, max_size=32), max_size=5))
def test_a_manifest_is_read_as_it_was_written(digests: dict[str, bytes]) -> None:
    try:
        written = write_manifest(digests)
    except BagError:
        return
    assert parse_manifest(written) == digests


LINE = f"{'00' * 32}  data/a\n".encode()


@pytest.mark.parametrize(
    "data",
    [
        LINE[:-1],
        LINE + LINE,
        LINE + b"\n",
        b"\n" + LINE,
        b"\xef\xbb\xbf" + LINE,
        LINE.replace(b"\n", b"\r\n"),
        LINE.replace(b"  ", b" "),
        LINE.replace(b"  ", b" *"),
        LINE.replace(b"  ", b"\t"),
        LINE.replace(b"data/a", b"./data/a"),
        LINE.replace(b"data/a", b"data/../../a"),
        LINE.replace(b"data/a", b"/data/a"),
        LINE.replace(b"data/a", b"~/a"),
        LINE.replace(b"data/a", b"data/a%0Ab"),
        LINE.replace(b"data/a", b"data\\a"),
        LINE.replace(b"data/a", "data/e\u0301".encode()),
        LINE.replace(b"data/a", b"data/\xff"),
        LINE.replace(b"00", b"0A"),
        LINE.replace(b"data/a", b"data/b") + LINE,
        LINE + LINE.replace(b"data/a", b"data/A"),
        b"\\" + LINE,
        b"# a comment\n",
    ],
    ids=range(22),
)
def test_any_other_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(BagError):
        parse_manifest(data)


def _relisted(files: dict[str, bytes]) -> dict[str, bytes]:
    """List changed tag files anew, so that their digests are not their flaw."""
    listed = {path: sha256(content) for path, content in files.items() if path != TAG_MANIFEST}
    return {**files, TAG_MANIFEST: write_manifest(listed)}


@pytest.mark.parametrize("path", FILES)
def test_any_changed_byte_of_a_tag_file_is_found_and_the_file_named(path: str) -> None:
    for changed in byte_changes(FILES[path]):
        with pytest.raises((DigestMismatchError, BagError)) as refusal:
            check_tag_files({**FILES, path: changed})

        if path != TAG_MANIFEST:
            assert refusal.value.facts == {"path": path}


@pytest.mark.parametrize("path", FILES)
def test_a_missing_tag_file_is_found_and_named(path: str) -> None:
    with pytest.raises(BagError) as refusal:
        check_tag_files({name: content for name, content in FILES.items() if name != path})

    assert refusal.value.facts == {"path": path}


def test_the_tag_manifest_lists_no_other_file() -> None:
    with pytest.raises(BagError, match="lists five"):
        check_tag_files(_relisted({**FILES, "fetch.txt": b"http://x - data/a\n"}))


def test_the_manifest_lists_nothing_outside_the_payload() -> None:
    manifest = write_manifest({"metadata/a": bytes(32)})

    with pytest.raises(BagError, match="outside"):
        check_tag_files(_relisted({**FILES, MANIFEST: manifest}))


def test_a_tag_set_is_read_as_it_was_written() -> None:
    assert parse_tag_set(SET) == {**FILES, SIGNATURE: b"signature"}


@given(st.lists(st.binary(), min_size=7, max_size=7))
def test_any_tag_set_is_read_as_it_was_written(contents: list[bytes]) -> None:
    files = dict(zip([*FILES, SIGNATURE], contents, strict=True))

    assert parse_tag_set(tag_set(files)) == files


def test_a_changed_byte_is_another_tag_set_or_refused() -> None:
    for changed in byte_changes(SET):
        try:
            found = parse_tag_set(changed)
        except ProtocolError:
            continue
        assert found != parse_tag_set(SET)
        # The signature's own bytes are checked against the CA: test_cms.py.
        if found[SIGNATURE] == b"signature":
            with pytest.raises(ProtocolError):
                check_tag_files(found)


def _set_with(**changes: Json) -> bytes:
    value = parse(SET)
    assert isinstance(value, dict)
    return encode({**value, **changes})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        _set_with(v=2),
        _set_with(extra=1),
        _set_with(files=[]),
        _set_with(files={}),
        _set_with(files={BAGIT: "AA"}),
        _set_with(files=dict.fromkeys([*FILES, SIGNATURE, "x"], "AA")),
        _set_with(files=dict.fromkeys([*FILES, SIGNATURE], "A")),
        _set_with(files=dict.fromkeys([*FILES, SIGNATURE], None)),
        _set_with(files=dict.fromkeys([*FILES, SIGNATURE], 1000)),
    ],
    ids=range(12),
)
def test_what_is_no_tag_set_is_refused(data: bytes) -> None:
    with pytest.raises((FormatError, BagError)):
        parse_tag_set(data)


def test_an_incomplete_tag_set_is_not_written() -> None:
    with pytest.raises(BagError):
        tag_set(FILES)
