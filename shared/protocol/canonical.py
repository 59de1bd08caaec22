"""One way to write JSON, and a reader that takes no other (spec/identifiers.md).

The subset of RFC 8785 without floats: what is signed or hashed has one spelling, so bytes can be
compared and nothing hides in a duplicate key or a rounding.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Final, NoReturn

from typing_extensions import TypeAliasType

from shared.protocol.errors import FormatError, NotCanonicalError

Json = TypeAliasType("Json", "dict[str, Json] | list[Json] | str | int | bool | None")

MAX_SIZE: Final = 2**20  # bytes; one message
MAX_DEPTH: Final = 32  # containers within each other
_MAX_INTEGER: Final = 2**53 - 1  # RFC 8785, 3.2.2.3: what every JSON reader holds exactly


def encode(value: object) -> bytes:
    """Write a value in its one canonical form.

    Args:
        value: mappings with text keys, lists and tuples, text, integers of less than 2**53 in
            magnitude, booleans and None, nested at most 32 deep.

    Raises:
        FormatError: if there is anything else in it (floats, bytes, lone surrogates).
    """
    return _write(_ordered(value, 0))


def parse(data: bytes, *, max_size: int = MAX_SIZE) -> Json:
    """Read a value and refuse every spelling that `encode` would not have written.

    Args:
        data: UTF-8.
        max_size: in bytes.

    Raises:
        NotCanonicalError: if it can be read, but is written in another way.
        FormatError: if it cannot be read.
    """
    value = read(data, max_size=max_size)
    if _write(value) != data:
        raise NotCanonicalError("the JSON is not in canonical form (RFC 8785)")
    return value


def read(data: bytes, *, max_size: int = MAX_SIZE) -> Json:
    """Read strict JSON in any layout: for what people and other systems write.

    Args:
        data: UTF-8, without a byte order mark.
        max_size: in bytes.

    Raises:
        FormatError: too large, too deep, no JSON, a duplicate key, a float, a number out of
            range, or text that is not Unicode.
    """
    if len(data) > max_size:
        raise FormatError("the JSON is too large", size=len(data), limit=max_size)
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
        return _ordered(value, 0)
    except (ValueError, RecursionError) as error:
        raise FormatError("this is not JSON in UTF-8, or it is nested too deeply") from error


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise FormatError("a JSON object names a member twice")
    return members


def _integer(digits: str) -> int:
    if len(digits) > len(str(-_MAX_INTEGER)):
        raise FormatError("a number is out of range: its magnitude must be below 2**53")
    return int(digits)


def _refuse_number(_digits: str) -> NoReturn:
    raise FormatError("numbers are integers: floats, NaN and infinities are refused")


def _ordered(value: object, depth: int) -> Json:
    """Copy a value with every object in canonical order (UTF-16 code units: RFC 8785, 3.2.3)."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return _within(value)
    if not isinstance(value, dict | list | tuple | Mapping):
        raise FormatError(f"JSON here has no {type(value).__name__}")
    if value and depth == MAX_DEPTH:
        raise FormatError("the value is nested too deeply", limit=MAX_DEPTH)
    if isinstance(value, list | tuple):
        return [_ordered(member, depth + 1) for member in value]
    return {_text(key): _ordered(value[key], depth + 1) for key in _sorted(value)}


def _sorted(members: Mapping[str, object]) -> list[str]:
    try:
        # The order of ASCII is that of its code units.
        return sorted(members, key=None if "".join(members).isascii() else _utf16)
    except TypeError as error:
        raise FormatError("the name of a member is a text") from error


def _within(number: int) -> int:
    if not -_MAX_INTEGER <= number <= _MAX_INTEGER:
        raise FormatError("a number is out of range: its magnitude must be below 2**53")
    return int(number)


def _text(value: str) -> str:
    if not value.isascii():
        _utf16(value)
    return str(value)


def _utf16(value: str) -> bytes:
    try:
        return value.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise FormatError("text has half of a surrogate pair") from error


_write_text = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, separators=(",", ":")
).encode


def _write(value: Json) -> bytes:
    return _write_text(value).encode()


def b64(data: bytes) -> str:
    """Write standard base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode()


def unb64(text: str) -> bytes:
    """Read standard base64, and only the one spelling of it.

    Raises:
        FormatError: other characters, wrong padding, or bits set behind the end.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError("this is not base64 (RFC 4648, section 4)") from error
    if b64(data) != text:
        raise NotCanonicalError("base64 has bits set behind its end")
    return data


def b64u(data: bytes) -> str:
    """Write base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text: str) -> bytes:
    """Read base64url without padding, and only the one spelling of it.

    Raises:
        FormatError: other characters, padding, or bits set behind the end.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError("this is not base64url (RFC 7515, section 2)") from error
    if b64u(data) != text:
        raise NotCanonicalError("base64url has padding or bits set behind its end")
    return data
