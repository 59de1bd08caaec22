"""Every vector is judged as its `expect` says (README.md)."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.protocol import bag
from shared.protocol.approvals import verify_approval
from shared.protocol.canonical import encode, parse, read, unb64u
from shared.protocol.channels import check_next
from shared.protocol.encryption import SegmentOpener, segment_context, unwrap
from shared.protocol.entries import Entry, entry_hash, verify_entry
from shared.protocol.errors import ProtocolError
from shared.protocol.keys import KemKey, OfficerPublic, SealPublic
from shared.protocol.manifest import SegmentIndex
from shared.protocol.messages import Head
from shared.protocol.receipts import check_receipt
from tests.vectors import log_readers, witness_readers
from tests.vectors.generate import CATALOGUE, differences
from tests.vectors.material import HERE

FILES = sorted(f"{vector.name}.json" for vector in CATALOGUE)


def test_the_vectors_are_those_of_the_catalogue() -> None:
    assert differences() == []


def _entry(vector: Any) -> None:  # noqa: ANN401  JSON
    jws = vector["jws"].encode()
    verify_entry(jws, [SealPublic.from_json(value) for value in vector["seals"]])
    assert entry_hash(jws) == vector["hash"]


def _channel(vector: Any) -> None:  # noqa: ANN401  JSON
    head = vector["head"]
    check_next(Head.read(head) if head else None, Entry.read(vector["payload"]))


def _approval(vector: Any) -> None:  # noqa: ANN401  JSON
    officers = [OfficerPublic.from_json(value) for value in vector["officers"]]
    verify_approval(vector["jws"], {key.kid: key for key in officers}, **vector["covers"])


def _segment(vector: Any) -> None:  # noqa: ANN401  JSON
    opener = SegmentOpener(unb64u(vector["key"]), segment_context(**vector["place"]))
    plain = opener.update(unb64u(vector["sealed"])) + opener.finalize()
    assert plain == unb64u(vector["plain"])


def _wrap(vector: Any) -> None:  # noqa: ANN401  JSON
    own = KemKey.from_bytes(encode(vector["kem"]))
    key = unwrap(unb64u(vector["wrap"]), own, **vector["transfer"])
    assert key == unb64u(vector["key"])


def _bag_seal(vector: Any) -> None:  # noqa: ANN401  JSON
    given = (unb64u(vector["p7s"]), unb64u(vector["tagmanifest"]), vector["ca"].encode())
    bag.verify_cms(*given)


def _tags(vector: Any) -> None:  # noqa: ANN401  JSON
    bag.check_tag_files({path: unb64u(octets) for path, octets in vector["files"].items()})


READERS: dict[str, Callable[[Any], object]] = {
    "canonical": lambda vector: parse(unb64u(vector["data"])),
    "entries": _entry,
    "channels": _channel,
    "receipts": lambda v: check_receipt(Entry.read(v["payload"]), Entry.read(v["about"])),
    "approvals": _approval,
    "segments": _segment,
    "wraps": _wrap,
    "index": lambda vector: SegmentIndex.from_bytes(vector["index"].encode()),
    "manifests": lambda vector: bag.parse_manifest(unb64u(vector["manifest"])),
    "tags": _tags,
    "bag-seals": _bag_seal,
    **log_readers.READERS,
    **witness_readers.READERS,
}


@pytest.mark.parametrize("file", FILES)
def test_a_vector_is_judged_as_it_says(file: str) -> None:
    vector: Any = read((HERE / file).read_bytes())

    try:
        READERS[file.partition("/")[0]](vector)
    except ProtocolError as error:
        judged = error.code
    else:
        judged = "ok"

    assert judged == vector["expect"], vector["comment"]
