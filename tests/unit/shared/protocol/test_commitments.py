"""Commitments: they bind, and they hide."""

import pytest

from shared.protocol.commitments import Opening, check_opening
from shared.protocol.errors import DigestMismatchError


def test_a_commitment_binds_to_name_and_value() -> None:
    opening = Opening(name="officer", value="Q. Example", salt=bytes(32))
    known = "a" * 64
    assert len(opening.commitment()) == len(known)
    check_opening({"officer": opening.commitment()}, opening)
    for wrong in (
        {"officer": known},
        {},
        {"client": opening.commitment()},
    ):
        with pytest.raises(DigestMismatchError):
            check_opening(wrong, opening)


def test_a_commitment_frames_its_parts() -> None:
    salt = bytes(32)
    first = Opening(name="ab", value="c", salt=salt)
    second = Opening(name="a", value="bc", salt=salt)
    assert first.commitment() != second.commitment()
    assert Opening(name="ab", value="c").commitment() != first.commitment()


def test_a_commitment_as_it_stands_for_ever() -> None:
    opening = Opening(name="officer", value="Q. Example", salt=bytes(range(32)))
    assert (
        opening.commitment() == "2011bc2db3116d092e56473a25c69772b6778a1226a98c116ef512f5ce8882b2"
    )
