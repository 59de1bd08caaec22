"""Bags of the Library of Congress's conformance suite, read where they stand."""

import re
from pathlib import Path

import pytest

from shared.protocol.bag import (
    BAGIT,
    TAG_MANIFEST,
    check_tag_files,
    parse_manifest,
    tag_files,
    write_manifest,
)
from shared.protocol.digests import sha256
from shared.protocol.errors import BagError

CONFORMANCE = Path(__file__).parents[5] / "shared/vectors/bagit"
FILES = tag_files([], case_jsonld=b"{}", custody=b"{}", info={}, salt=bytes(32))


def _suite(pattern: str) -> list[Path]:
    """Give bags of the Library of Congress's suite by name, whatever it thinks of them."""
    if not CONFORMANCE.exists():
        pytest.skip(f"the BagIt conformance suite is not there: {CONFORMANCE}")
    found = sorted(CONFORMANCE.glob(f"v*/*/{pattern}"))
    assert found
    return found


def _as_sha256(manifest: Path) -> bytes:
    """Take a manifest as if its digests were SHA-256, so that only its other flaws count."""
    return re.sub(rb"(?m)^[0-9a-f]{32,128}(?= )", b"00" * 32, manifest.read_bytes())


def test_the_manifest_that_the_suite_finds_valid_is_read() -> None:
    (bag,) = _suite("basicBag")

    manifest = parse_manifest(_as_sha256(bag / "manifest-sha512.txt"))

    assert list(manifest) == ["data/hello.txt"]


@pytest.mark.parametrize(
    "name",
    [
        "out-of-scope-file-paths-using-dot-notation",
        "out-of-scope-file-paths-using-absolute-path",
        "out-of-scope-file-paths-using-shortcut",
        "out-of-scope-file-paths-using-shortcut-username",
        "out-of-scope-file-paths-using-unc",
        "relative-path",
        "duplicate-file-with-different-case",
        "same-filename-listed-twice-with-different-normalization",
    ],
)
def test_a_path_of_the_suite_that_leads_astray_is_refused(name: str) -> None:
    for bag in _suite(name):
        (manifest,) = bag.glob("manifest-*.txt")
        with pytest.raises(BagError):
            parse_manifest(_as_sha256(manifest))


def test_a_file_that_the_suite_lists_twice_is_refused() -> None:
    for bag in _suite("same-filename-listed-twice-with-*-hash*"):
        with pytest.raises(BagError):
            parse_manifest((bag / "manifest-sha256.txt").read_bytes())


@pytest.mark.parametrize(
    "name",
    [
        "bom-in-bagit.txt",
        "invalid-version-number",
        "bagit-with-invalid-whitespace",
        "same-filename-listed-twice-with-different-hashes",
    ],
)
def test_a_declaration_of_the_suite_with_a_flaw_is_refused(name: str) -> None:
    for bag in _suite(name):
        with pytest.raises(BagError, match="declares"):
            check_tag_files(_relisted({**FILES, BAGIT: (bag / BAGIT).read_bytes()}))


def _relisted(files: dict[str, bytes]) -> dict[str, bytes]:
    """List changed tag files anew, so that their digests are not their flaw."""
    listed = {path: sha256(content) for path, content in files.items() if path != TAG_MANIFEST}
    return {**files, TAG_MANIFEST: write_manifest(listed)}
