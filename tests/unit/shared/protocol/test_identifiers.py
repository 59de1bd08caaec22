import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol import identifiers
from shared.protocol.errors import FormatError
from shared.protocol.identifiers import (
    TAG_ITEM,
    channel,
    id_bytes,
    new_id,
    parse_channel,
    parse_country,
    parse_id,
)
from tests.unit.shared.protocol.examples import NOW, REQUEST


def test_a_new_id_is_a_uuid_of_version_7_that_tells_its_time() -> None:
    made = uuid.UUID(parse_id(new_id(NOW)))

    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == int(NOW.timestamp() * 1000)


def test_two_new_ids_differ() -> None:
    assert new_id(NOW) != new_id(NOW)


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**74 - 1))
def test_every_drawn_id_is_read_again(milliseconds: int, drawn: int) -> None:
    made = identifiers._uuid7(milliseconds, drawn)

    assert parse_id(made) == made
    assert id_bytes(made) == uuid.UUID(made).bytes


def test_the_example_of_rfc_9562_appendix_a6() -> None:
    drawn = 0xCC3 << 62 | 0x18C4DC0C0C07398F

    assert identifiers._uuid7(0x017F22E279B0, drawn) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@pytest.mark.parametrize(
    "text",
    [
        "",
        TAG_ITEM,
        REQUEST.upper(),
        REQUEST.replace("-", ""),
        "{" + REQUEST + "}",
        REQUEST + "\n",
        REQUEST[:14] + "4" + REQUEST[15:],
        REQUEST[:19] + "c" + REQUEST[20:],
        "\u0660" + REQUEST[1:],
    ],
)
def test_any_other_spelling_of_an_id_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_id(text)


def test_the_tag_item_is_sixteen_zero_bytes() -> None:
    assert id_bytes(TAG_ITEM) == bytes(16)


@pytest.mark.parametrize("text", ["", "Q", "QMN", "qm", "Q1", "ÄÖ", "QM\n"])
def test_what_is_no_country_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_country(text)


def test_a_channel_is_named_by_its_writer_and_its_reader() -> None:
    assert channel("QM", "QN") == "QM>QN"
    assert parse_channel("QM>QN") == ("QM", "QN")


@pytest.mark.parametrize("text", ["", "QM", "QMQN", "QM>QM", "QM>QN>QO", "QM>", "qm>QN", "QM>QN "])
def test_what_is_no_channel_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_channel(text)
