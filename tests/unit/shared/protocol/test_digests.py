import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol.digests import content_digest, parse_content_digest, sha256, sha384
from shared.protocol.errors import FormatError


def test_the_example_of_rfc_9530_appendix_d() -> None:
    field = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"

    assert content_digest(sha256(b'{"hello": "world"}\n')) == field


@given(st.binary(min_size=32, max_size=32))
def test_a_digest_is_read_as_it_was_written(digest: bytes) -> None:
    assert parse_content_digest(content_digest(digest)) == digest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha-256=",
        "sha-256=:",
        "sha-256=::",
        "sha-256=:AA==:",
        content_digest(bytes(32)) + " ",
        content_digest(bytes(32)) + ", sha-512=:AA==:",
        content_digest(bytes(32)).replace("256", "512"),
        content_digest(bytes(32)).upper(),
        content_digest(bytes(32)).replace("=:", ":"),
    ],
)
def test_any_other_field_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_content_digest(text)


def test_chains_rest_on_sha_384() -> None:
    assert sha384(b"abc") == hashlib.new("sha384", b"abc").digest()
