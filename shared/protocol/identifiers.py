"""Identifiers: countries, channels and UUIDs (spec/identifiers.md)."""

from __future__ import annotations

import re
import secrets
import uuid
from datetime import datetime
from typing import Final, NewType

from shared.protocol.errors import FormatError

Country = NewType("Country", str)
"""ISO 3166-1 alpha-2, upper case."""
ItemId = NewType("ItemId", str)

TAG_ITEM: Final = ItemId("00000000-0000-0000-0000-000000000000")
"""The item id of the sealed tag files: the nil UUID of RFC 9562, section 5.9, which no item has."""

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new_id(now: datetime) -> str:
    """Draw a UUIDv7: 48 bits of Unix milliseconds, 74 random bits (RFC 9562, section 5.7).

    Args:
        now: an aware time not before 1970.
    """
    return _uuid7(int(now.timestamp() * 1000), secrets.randbits(74))


def _uuid7(milliseconds: int, drawn: int) -> str:
    number = milliseconds << 80 | 7 << 76 | (drawn >> 62) << 64 | 2 << 62 | (drawn & (2**62 - 1))
    return str(uuid.UUID(int=number))


def parse_id(text: str) -> str:
    """Take a UUIDv7 in its one spelling, lower case with hyphens.

    Raises:
        FormatError: if it is anything else, the nil UUID included.
    """
    if not _UUID7.fullmatch(text):
        raise FormatError("an identifier is a UUIDv7 in lower case with hyphens")
    return text


def id_bytes(text: str) -> bytes:
    """Give the 16 bytes of a UUIDv7 or of `TAG_ITEM`.

    Raises:
        FormatError: if it is neither.
    """
    return uuid.UUID(text if text == TAG_ITEM else parse_id(text)).bytes


def parse_country(text: str) -> Country:
    """Take a country code of two upper-case letters.

    Raises:
        FormatError: if it is anything else.
    """
    if not _COUNTRY.fullmatch(text):
        raise FormatError("a country is two upper-case letters (ISO 3166-1 alpha-2)")
    return Country(text)


def channel(sender: str, recipient: str) -> str:
    """Name the chain that `sender` writes for `recipient`, as in `QM>QN`.

    Raises:
        FormatError: if either is no country, or both are the same.
    """
    if parse_country(sender) == parse_country(recipient):
        raise FormatError("a channel joins two different countries", country=sender)
    return f"{sender}>{recipient}"


def parse_channel(text: str) -> tuple[Country, Country]:
    """Split the name of a channel into its writer and its reader.

    Raises:
        FormatError: if it is not the name of a channel.
    """
    sender, arrow, recipient = text.partition(">")
    if not arrow:
        raise FormatError("a channel is written FROM>TO")
    channel(sender, recipient)
    return Country(sender), Country(recipient)
