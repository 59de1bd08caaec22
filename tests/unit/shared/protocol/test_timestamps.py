"""What is stamped, and the record of it."""

from dataclasses import replace
from typing import Any

import pytest

from shared.protocol.canonical import b64u, encode, parse
from shared.protocol.digests import sha256
from shared.protocol.errors import DigestMismatchError, FormatError
from shared.protocol.timestamps import Stamp, format_stamp, imprint, parse_stamp
from tests.unit.shared.protocol.worked_log import HEAD, NOTE
from tests.unit.shared.protocol.worked_witness import COSIGNED

TOKEN = b"0\x82" + sha256(NOTE.encode()) + b"..."
STAMP = Stamp(authority="tsa.example", note=NOTE, token=TOKEN)
RECORD = format_stamp(STAMP)


def test_a_record_is_read_as_it_was_written() -> None:
    assert parse_stamp(RECORD) == STAMP
    assert STAMP.checkpoint == HEAD


def test_the_signatures_are_stamped_too() -> None:
    assert imprint(NOTE) == sha256(NOTE.encode())
    assert imprint(NOTE) != imprint(COSIGNED) != imprint(HEAD.text())


def test_the_stamp_of_another_note() -> None:
    with pytest.raises(DigestMismatchError):
        format_stamp(replace(STAMP, note=COSIGNED))


def _members(**changes: object) -> bytes:
    value: Any = parse(RECORD)
    return encode({**value, **changes})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        _members(v=2),
        _members(more=1),
        _members(authority=""),
        _members(authority="a b"),
        _members(note="a note\n"),
        _members(token="="),
        _members(token=b64u(TOKEN * 2000)),
    ],
)
def test_what_is_no_record(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_stamp(data)
