import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.protocol.canonical import read
from shared.protocol.encryption import (
    DEFAULT_SEGMENT,
    MAX_SEGMENT,
    MIN_SEGMENT,
    WRAP_SIZE,
    SegmentOpener,
    SegmentSealer,
    buffer_size,
    derive,
    new_content_key,
    open_small,
    seal_small,
    sealed_size,
    segment_context,
    segment_count,
    segment_mac,
    unwrap,
    wrap,
)
from shared.protocol.errors import FormatError, ProtocolError, SealError
from shared.protocol.identifiers import TAG_ITEM
from shared.protocol.keys import KemKey, KemPublic
from tests.unit.shared.protocol.examples import ITEMS, PACKAGE, REQUEST, byte_changes

KEY = bytes(range(32))
CONTEXT = segment_context(PACKAGE, ITEMS[0], 0, True)
KEM = KemKey.generate()
ROOT = Path(__file__).parents[4]
VECTORS = ROOT.parent / "shared/vectors/wycheproof"


def _seal(plain: bytes, context: bytes = CONTEXT) -> bytes:
    sealer = SegmentSealer(KEY, context)
    return sealer.update(plain) + sealer.finalize()


def _open(sealed: bytes, context: bytes = CONTEXT, key: bytes = KEY) -> bytes:
    opener = SegmentOpener(key, context)
    return opener.update(sealed) + opener.finalize()


def test_every_vector_of_wycheproof_is_judged_alike() -> None:
    path = VECTORS / "c2sp_chunked_encryption_aes_256_gcm_test.json"
    if not path.exists():
        pytest.skip(f"the vectors of Wycheproof are not there: {path}")
    document: Any = read(path.read_bytes(), max_size=2**26)
    tests = [test for group in document["testGroups"] for test in group["tests"]]

    judged = {test["tcId"]: _judged(test) for test in tests}

    assert judged == {test["tcId"]: test["result"] for test in tests}
    assert len(tests) == 35


def _judged(test: Any) -> str:  # noqa: ANN401  as it stands in the file
    sealed = zlib.decompress(bytes.fromhex(test["ct"]))
    try:
        plain = _open(sealed, bytes.fromhex(test["ctx"]), bytes.fromhex(test["key"]))
    except ProtocolError:
        return "invalid"
    return "valid" if len(plain) == test["msgLength"] else "other plaintext"


def test_the_context_of_a_segment_has_fixed_width() -> None:
    context = segment_context(PACKAGE, TAG_ITEM, 2**32, False)

    package = bytes.fromhex(PACKAGE.replace("-", ""))
    assert context == b"rogatory/1 segment\0" + package + bytes(16) + b"\0\0\0\1\0\0\0\0" + b"\0"


@pytest.mark.parametrize("n", [-1, 2**63])
def test_the_index_of_a_segment_has_bounds(n: int) -> None:
    with pytest.raises(FormatError):
        segment_context(PACKAGE, ITEMS[0], n, True)


@pytest.mark.parametrize(
    "other",
    [
        segment_context(REQUEST, ITEMS[0], 0, True),
        segment_context(PACKAGE, ITEMS[1], 0, True),
        segment_context(PACKAGE, ITEMS[0], 1, True),
        segment_context(PACKAGE, ITEMS[0], 0, False),
    ],
    ids=["package", "item", "index", "last"],
)
def test_a_segment_opens_in_its_own_place_alone(other: bytes) -> None:
    sealed = _seal(b"evidence")
    assert _open(sealed) == b"evidence"

    with pytest.raises(SealError):
        _open(sealed, other)


def test_a_segment_opens_under_its_own_key_alone() -> None:
    with pytest.raises(SealError):
        _open(_seal(b"evidence"), key=bytes(32))


@pytest.mark.parametrize("kind", [SegmentSealer, SegmentOpener])
def test_a_key_has_thirty_two_bytes(kind: type[SegmentSealer | SegmentOpener]) -> None:
    with pytest.raises(FormatError):
        kind(bytes(31), CONTEXT)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=40_000), max_size=4), st.integers(1, 50_000))
def test_a_stream_is_opened_as_it_was_sealed(chunks: list[bytes], step: int) -> None:
    sealer, opener = SegmentSealer(KEY, CONTEXT), SegmentOpener(KEY, CONTEXT)
    sealed, plain = bytearray(), bytearray()
    for chunk in chunks:
        buffer = bytearray(buffer_size(len(chunk)))
        sealed += memoryview(buffer)[: sealer.update_into(chunk, buffer)]
    sealed += sealer.finalize()

    for place in range(0, len(sealed), step):
        buffer = bytearray(buffer_size(step))
        plain += memoryview(buffer)[: opener.update_into(sealed[place : place + step], buffer)]
    plain += opener.finalize()

    assert plain == b"".join(chunks)
    assert len(sealed) == sealed_size(len(plain))


def test_any_changed_byte_breaks_a_segment() -> None:
    sealed = _seal(b"evidence" * 10)

    for changed in byte_changes(sealed):
        with pytest.raises(SealError):
            _open(changed)


@pytest.mark.parametrize("end", [0, 40, 56, 71, 72, 16_456, 16_472, -1])
def test_a_segment_cut_short_does_not_open(end: int) -> None:
    sealed = _seal(bytes(20_000))

    with pytest.raises(SealError):
        _open(sealed[:end])


def test_a_changed_chunk_breaks_while_it_streams_by() -> None:
    sealed = bytearray(_seal(bytes(50_000)))
    sealed[100] ^= 1

    with pytest.raises(SealError):
        SegmentOpener(KEY, CONTEXT).update_into(sealed, bytearray(60_000))


@pytest.mark.parametrize(
    ("size", "count"),
    [(0, 1), (1, 1), (DEFAULT_SEGMENT, 1), (DEFAULT_SEGMENT + 1, 2), (500 * 10**9, 29_803)],
)
def test_an_item_has_one_segment_at_least(size: int, count: int) -> None:
    assert segment_count(size, DEFAULT_SEGMENT) == count


@pytest.mark.parametrize(
    ("size", "segment_size"), [(1, MIN_SEGMENT - 1), (1, MAX_SEGMENT + 1), (-1, DEFAULT_SEGMENT)]
)
def test_the_size_of_segments_has_bounds(size: int, segment_size: int) -> None:
    with pytest.raises(FormatError):
        segment_count(size, segment_size)


def _wrapped(key: bytes = KEY) -> bytes:
    return wrap(key, KEM.public(), package_id=PACKAGE, sender="QM", recipient_country="QN")


def test_a_content_key_is_unwrapped_by_its_recipient() -> None:
    key = new_content_key()

    wrapped = _wrapped(key)

    assert len(wrapped) == WRAP_SIZE
    found = unwrap(wrapped, KEM, package_id=PACKAGE, sender="QM", recipient_country="QN")
    assert (found, len(found)) == (key, 32)


@pytest.mark.parametrize(
    "change",
    [
        {"package_id": REQUEST},
        {"sender": "QO"},
        {"recipient_country": "QO"},
        {"own": KemKey.generate()},
        {"wrapped": _wrapped()[:-1]},
        {"wrapped": _wrapped() + b"\0"},
        {"wrapped": b""},
    ],
    ids=["package", "sender", "recipient", "key", "short", "long", "empty"],
)
def test_a_wrap_opens_in_its_own_transfer_alone(change: dict[str, Any]) -> None:
    place = {"package_id": PACKAGE, "sender": "QM", "recipient_country": "QN"}

    with pytest.raises(SealError):
        unwrap(**{"wrapped": _wrapped(), "own": KEM, **place, **change})


def test_a_changed_byte_breaks_a_wrap() -> None:
    for changed in byte_changes(_wrapped(), step=53):
        with pytest.raises(SealError):
            unwrap(changed, KEM, package_id=PACKAGE, sender="QM", recipient_country="QN")


def test_a_short_key_is_not_wrapped() -> None:
    with pytest.raises(FormatError):
        _wrapped(bytes(31))


def test_nothing_is_wrapped_to_a_key_that_is_none() -> None:
    broken = KemPublic(KEM.public().p384, bytes(10))

    with pytest.raises(FormatError):
        wrap(KEY, broken, package_id=PACKAGE, sender="QM", recipient_country="QN")


@given(st.binary(), st.binary())
def test_what_rests_sealed_opens_in_its_place(data: bytes, context: bytes) -> None:
    sealed = seal_small(KEY, data, context)

    assert open_small(KEY, sealed, context) == data
    with pytest.raises(SealError):
        open_small(KEY, sealed, context + b"x")


def test_any_changed_byte_breaks_what_rests_sealed() -> None:
    for changed in [b"", *byte_changes(seal_small(KEY, b"name", b"place"))]:
        with pytest.raises(SealError):
            open_small(KEY, changed, b"place")


def test_the_same_thing_sealed_twice_looks_different() -> None:
    assert seal_small(KEY, b"a", b"") != seal_small(KEY, b"a", b"")
    assert _seal(b"a") != _seal(b"a")


def test_keys_for_two_purposes_differ() -> None:
    assert derive(KEY, b"one") != derive(KEY, b"two") != KEY


def test_the_same_plaintext_is_known_again_by_the_keys_holder_alone() -> None:
    tag = segment_mac(KEY, bytes(32), 5)

    assert tag == segment_mac(KEY, bytes(32), 5)
    assert tag not in {
        segment_mac(KEY, bytes(32), 6),
        segment_mac(KEY, b"\1" + bytes(31), 5),
        segment_mac(bytes(32), bytes(32), 5),
    }


STREAM = """
import resource
from shared.protocol.encryption import MAX_SEGMENT, SegmentOpener, SegmentSealer, buffer_size
chunk = bytes(2**20)
sealed, plain = bytearray(buffer_size(2**20)), bytearray(buffer_size(2 * 2**20))
sealer, opener = SegmentSealer(bytes(32), b"place"), SegmentOpener(bytes(32), b"place")
def stream(chunks):
    for _ in range(chunks):
        n = sealer.update_into(chunk, sealed)
        opener.update_into(memoryview(sealed)[:n], plain)
stream(4)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
stream(MAX_SEGMENT // 2**20 - 4)
opener.update(sealer.finalize())
opener.finalize()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_does_not_grow_with_the_segment() -> None:
    answer = subprocess.run(  # noqa: S603  nothing from outside
        [sys.executable, "-c", STREAM], cwd=ROOT, check=True, capture_output=True, text=True
    )

    assert int(answer.stdout) < 4096  # KiB, for 256 MiB sealed and opened
