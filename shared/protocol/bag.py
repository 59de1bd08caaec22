"""The bag: the tag files of a package, and what stock tools check in it (spec/package.md).

A profile of BagIt 1.0 (RFC 8493): one algorithm, SHA-256; no `fetch.txt`; manifests are input for
`sha256sum -c`. `signatures/` and `chain/` stand outside the tag manifest, for they grow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from shared.protocol.canonical import b64u, encode, parse, unb64u
from shared.protocol.cms import sign_tag_manifest, verify_cms
from shared.protocol.digests import sha256
from shared.protocol.errors import BagError, DigestMismatchError
from shared.protocol.manifest import PAYLOAD, Item, check_distinct, check_path

__all__ = [
    "BAGIT",
    "BAG_INFO",
    "CASE",
    "CUSTODY",
    "MANIFEST",
    "SIGNATURE",
    "TAG_MANIFEST",
    "check_tag_files",
    "parse_manifest",
    "parse_tag_set",
    "sign_tag_manifest",
    "tag_files",
    "tag_set",
    "verify_cms",
    "write_manifest",
]

BAGIT: Final = "bagit.txt"
BAG_INFO: Final = "bag-info.txt"
MANIFEST: Final = "manifest-sha256.txt"
CASE: Final = "metadata/case.jsonld"
CUSTODY: Final = "metadata/custody.json"
TAG_MANIFEST: Final = "tagmanifest-sha256.txt"
SIGNATURE: Final = "signatures/tagmanifest-sha256.txt.p7s"
DECLARATION: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MAX_TAG_SET: Final = 256 * 2**20  # bytes
MAX_CASE: Final = 16 * 2**20  # bytes
MAX_CUSTODY: Final = 128 * 2**20  # bytes
SALT_SIZE: Final = 32  # bytes

_LISTED: Final = (BAG_INFO, BAGIT, MANIFEST, CASE, CUSTODY)
_LINE: Final = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<path>[^\n]+)\n")
_LABEL: Final = re.compile(r"[A-Z][A-Za-z0-9-]{0,63}")
_VALUE: Final = re.compile(r"[^\x00-\x1f\x7f\s](?:[^\x00-\x1f\x7f]{0,998}[^\x00-\x1f\x7f\s])?")
_OWN_LABELS: Final = ("Payload-Oxum", "Rogatory-Salt")


def tag_files(
    items: Sequence[Item],
    *,
    case_jsonld: bytes,
    custody: bytes,
    info: Mapping[str, str],
    salt: bytes,
) -> dict[str, bytes]:
    """Write the tag files of a package, but for the signature.

    Args:
        items: the evidence; every path below `data/`.
        case_jsonld: the CASE graph, at most 16 MiB.
        custody: the sender's custody records (spec/custody.md), at most 128 MiB.
        info: labels and values for `bag-info.txt`, in order.
        salt: 32 random bytes, so that the digest of the tag manifest, which crosses the border in
            entries, cannot confirm a guessed document.

    Returns:
        Content by path: bagit.txt, bag-info.txt, manifest-sha256.txt, metadata/case.jsonld,
        metadata/custody.json and tagmanifest-sha256.txt, which lists the five before it.

    Raises:
        BagError: if a path, label, value, or the size of graph, records or salt is outside the profile.
    """
    if any(not item.path.startswith(PAYLOAD) for item in items):
        raise BagError("the path of an item begins with data/")
    if len(case_jsonld) > MAX_CASE:
        raise BagError("the CASE graph is too large", limit=MAX_CASE)
    if len(custody) > MAX_CUSTODY:
        raise BagError("the custody records are too large", limit=MAX_CUSTODY)
    files = {
        BAGIT: DECLARATION,
        BAG_INFO: _bag_info(items, info=info, salt=salt),
        MANIFEST: write_manifest({item.path: item.sha256 for item in _distinct(items)}),
        CASE: case_jsonld,
        CUSTODY: custody,
    }
    digests = {path: sha256(content) for path, content in files.items()}
    return {**files, TAG_MANIFEST: write_manifest(digests)}


def _distinct(items: Sequence[Item]) -> Sequence[Item]:
    check_distinct(item.path for item in items)
    return items


def _bag_info(items: Sequence[Item], *, info: Mapping[str, str], salt: bytes) -> bytes:
    if len(salt) != SALT_SIZE:
        raise BagError("the salt of a bag has 32 bytes", size=len(salt))
    oxum = f"{sum(item.size for item in items)}.{len(items)}"
    labels = {**info, "Payload-Oxum": oxum, "Rogatory-Salt": salt.hex()}
    if any(label in info for label in _OWN_LABELS):
        raise BagError("Payload-Oxum and Rogatory-Salt are not the caller's to give")
    for label, value in labels.items():
        if not _LABEL.fullmatch(label) or not _VALUE.fullmatch(value):
            raise BagError("bag-info.txt has one line a label, without control characters")
    return "".join(f"{label}: {value}\n" for label, value in labels.items()).encode()


def write_manifest(digests: Mapping[str, bytes]) -> bytes:
    """Write a manifest (RFC 8493, 2.1.3), sorted by the bytes of its paths.

    Raises:
        BagError: if a path is outside the profile, or two collide.
    """
    check_distinct(digests)
    paths = sorted((check_path(path) for path in digests), key=str.encode)
    return "".join(f"{digests[path].hex()}  {path}\n" for path in paths).encode()


def parse_manifest(data: bytes) -> dict[str, bytes]:
    """Read a manifest as `write_manifest` writes it.

    Returns:
        SHA-256 (32 bytes) by path, in the manifest's order.

    Raises:
        BagError: if it is anything else.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise BagError("a manifest is UTF-8") from error
    digests: dict[str, bytes] = {}
    place = 0
    while place < len(text):
        line = _LINE.match(text, place)
        if line is None:
            raise BagError("a line of a manifest is malformed", line=len(digests) + 1)
        digests[line["path"]] = bytes.fromhex(line["digest"])
        place = line.end()
    if write_manifest(digests) != data:
        raise BagError("a manifest has each path once, sorted by its bytes")
    return digests


def check_tag_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Check that the tag files belong together, as `tag_files` wrote them.

    Args:
        files: the tag set, or the same files read from a bag on disk.

    Returns:
        The payload manifest: SHA-256 (32 bytes) by path below `data/`.

    Raises:
        DigestMismatchError: if a tag file is not the one that the tag manifest lists; its path
            is the fact `path`.
        BagError: if a file is missing, or outside the profile.
    """
    missing = next((path for path in (*_LISTED, TAG_MANIFEST) if path not in files), None)
    if missing:
        raise BagError("a tag file is missing", path=missing)
    listed = parse_manifest(files[TAG_MANIFEST])
    if listed.keys() != set(_LISTED):
        raise BagError("the tag manifest lists five files and no other", path=TAG_MANIFEST)
    for path, digest in listed.items():
        if sha256(files[path]) != digest:
            raise DigestMismatchError("a tag file is not the one listed", path=path)
    if files[BAGIT] != DECLARATION:
        raise BagError("bagit.txt declares BagIt 1.0 in UTF-8 and nothing else", path=BAGIT)
    manifest = parse_manifest(files[MANIFEST])
    if any(not path.startswith(PAYLOAD) for path in manifest):
        raise BagError("the manifest lists a file outside data/", path=MANIFEST)
    return manifest


def tag_set(files: Mapping[str, bytes]) -> bytes:
    """Write the tag files and the signature as one object, to be sealed as the last item.

    Raises:
        BagError: if a file is missing, or there is another.
    """
    if files.keys() != {*_LISTED, TAG_MANIFEST, SIGNATURE}:
        raise BagError("a tag set has the six tag files and their signature and no other")
    return encode({"v": 1, "files": {path: b64u(content) for path, content in files.items()}})


def parse_tag_set(data: bytes) -> dict[str, bytes]:
    """Read what `tag_set` wrote.

    Raises:
        FormatError: if it is not canonical JSON of this shape.
        BagError: if a file is missing, or there is another.
    """
    value = parse(data, max_size=MAX_TAG_SET)
    if not isinstance(value, dict) or value.keys() != {"v", "files"} or value["v"] != 1:
        raise BagError("a tag set has the members v, which is 1, and files")
    content = value["files"]
    if not isinstance(content, dict):
        raise BagError("the files of a tag set are an object")
    files = {path: unb64u(str(octets)) for path, octets in content.items()}
    if tag_set(files) != data:
        raise BagError("a tag set holds base64url and nothing else")
    return files
