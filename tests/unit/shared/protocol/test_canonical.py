import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol.canonical import Json, b64, b64u, encode, parse, read, unb64, unb64u
from shared.protocol.errors import FormatError, NotCanonicalError

_SAFE = 2**53 - 1
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-_SAFE, _SAFE) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_is_read_as_it_was(value: Json) -> None:
    assert parse(encode(value)) == value


def test_members_stand_in_the_order_of_rfc_8785() -> None:
    # RFC 8785, 3.2.3: by UTF-16 code units, so the emoji stands before U+FB33.
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "\u00f6"]

    read_again = read(encode(dict.fromkeys(keys, 0)))

    assert isinstance(read_again, dict)
    assert list(read_again) == [
        "\r", "1", "\x80", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"
    ]  # fmt: skip


def test_strings_are_escaped_as_in_rfc_8785() -> None:
    assert encode('\u20ac$\x0f\nA\'B"\\\\"/') == '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()


@pytest.mark.parametrize(
    "value",
    [1.5, b"octets", {"a": object()}, {1: "a"}, 2**53, -(2**53), "\ud800", {"\udfff": 1}, {1, 2}],
    ids=["float", "octets", "object", "number", "large", "small", "half", "half-key", "set"],
)
def test_what_has_no_canonical_form_is_not_written(value: object) -> None:
    with pytest.raises(FormatError):
        encode(value)


@pytest.mark.parametrize(
    "data",
    [b'{"b":1,"a":2}', b'{"a": 1}', b"[1 ]", b" 1", b"1\n", b"-0", b'"\\u0041"', b'"\\/"',
     b'"\\u000A"', b'"\\u20ac"'],
)  # fmt: skip
def test_another_spelling_can_be_read_but_is_not_canonical(data: bytes) -> None:
    read(data)

    with pytest.raises(NotCanonicalError):
        parse(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[1,]",
        b"'a'",
        b"nul",
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":1}',
        b"1.0",
        b"1e3",
        b"NaN",
        b"-Infinity",
        b"9007199254740992",
        b"1" * 5000,
        b'"\x01"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b"\xef\xbb\xbf1",
        b"[" * 34 + b"]" * 34,
        b"[" * 2**19,
        b'"' + b"a" * 2**20 + b'"',
    ],
    ids=lambda data: f"{data[:24]!r} of {len(data)}",
)
def test_what_is_no_strict_json_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError) as refusal:
        read(data)

    assert refusal.value.code == "malformed"


def test_thirty_two_containers_may_stand_within_each_other() -> None:
    parse(b"[" * 32 + b"]" * 32)

    with pytest.raises(FormatError):
        encode([*_nested(33), 1])


def _nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


@given(VALUES, st.data())
def test_a_changed_byte_is_another_value_or_refused(value: Json, data: st.DataObject) -> None:
    written = bytearray(encode(value))
    written[data.draw(st.integers(0, len(written) - 1))] ^= data.draw(st.integers(1, 255))

    try:
        found = parse(bytes(written))
    except FormatError:
        return
    assert found != value or isinstance(found, bool) != isinstance(value, bool)


@pytest.mark.parametrize(
    ("write", "take"), [(b64, unb64), (b64u, unb64u)], ids=["base64", "base64url"]
)
@given(octets=st.binary())
def test_octets_are_read_as_they_were_written(
    write: Callable[[bytes], str], take: Callable[[str], bytes], octets: bytes
) -> None:
    assert take(write(octets)) == octets


def test_base64url_has_its_own_alphabet_and_no_padding() -> None:
    assert (b64(b"\xfb\xff"), b64u(b"\xfb\xff")) == ("+/8=", "-_8")
    assert base64.urlsafe_b64decode("-_8=") == unb64u("-_8")


@pytest.mark.parametrize("text", ["-_8=", "+/8", "-_9", "A", "-_8\n", "-_ 8", "é", "AA=="])
def test_another_spelling_of_base64url_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        unb64u(text)


@pytest.mark.parametrize("text", ["+/8", "-_8=", "+/9=", "A", "+/8=\n", "é", "+/8==", "===="])
def test_another_spelling_of_base64_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        unb64(text)
