"""RFC 3161 tokens of a real authority (`openssl ts`), and everything that one may be and must not."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from shared.protocol.errors import DigestMismatchError, FormatError, ProtocolError, SignatureError
from shared.protocol.timetokens import Anchors, ask, read_answer, stated_time, verify_token
from shared.runtime.clock import utc_now
from tests.time_authority import POLICY, TimeAuthority

NOTE = "qm.rogatory.example/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— a b\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    return TimeAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def anchors(authority: TimeAuthority) -> Anchors:
    return Anchors.read(authority.anchors, POLICY)


@pytest.fixture(scope="module")
def token(authority: TimeAuthority, anchors: Anchors) -> bytes:
    question = ask(NOTE)
    return read_answer(authority.stamp(question.request), question, NOTE, anchors)


def test_a_token_states_the_time(authority: TimeAuthority, token: bytes, anchors: Anchors) -> None:
    time = verify_token(token, NOTE, anchors)
    assert time == stated_time(token)
    assert abs(utc_now() - time) < timedelta(minutes=5)
    assert authority.verifies(token, NOTE), "and OpenSSL thinks so, too"


def test_certificates_in_any_order_are_read(authority: TimeAuthority, anchors: Anchors) -> None:
    """`openssl ts` writes the signer's first, which DER does not allow in a SET."""
    question = ask(NOTE)
    answer = authority.stamp(question.request, chain=True)
    token = read_answer(answer, question, NOTE, anchors)
    verify_token(token, NOTE, anchors)
    assert authority.verifies(token, NOTE), "the token is as it came"
    for broken in (answer + b"x", answer.replace(b"\x02\x01\x00", b"\x02\x01\x02", 1)):
        with pytest.raises(FormatError):
            read_answer(broken, question, NOTE, anchors)


def test_no_token_is_none(anchors: Anchors) -> None:
    question = ask(NOTE)
    for answer in (b"", b"x", b"\x30\x05\x30\x03\x02\x01\x02", b"\x30\x84"):
        with pytest.raises(FormatError):
            read_answer(answer, question, NOTE, anchors)
        with pytest.raises(FormatError):
            verify_token(answer, NOTE, anchors)


def test_an_answer_to_another_question_is_refused(
    authority: TimeAuthority, anchors: Anchors
) -> None:
    answer = authority.stamp(ask(NOTE).request)
    with pytest.raises(SignatureError, match="Nonce"):
        read_answer(answer, ask(NOTE), NOTE, anchors)


def test_a_token_of_another_note_is_refused(token: bytes, anchors: Anchors) -> None:
    with pytest.raises(DigestMismatchError):
        verify_token(token, NOTE + "— c d\n", anchors)


def test_another_root_or_policy_does_not_count(
    token: bytes, anchors: Anchors, tmp_path: Path
) -> None:
    other = Anchors.read(TimeAuthority(tmp_path / "other").anchors)
    with pytest.raises(SignatureError, match="certificates"):
        verify_token(token, NOTE, other)
    with pytest.raises(SignatureError, match="Policy"):
        verify_token(token, NOTE, Anchors(roots=anchors.roots, policy="1.2.3"))


def test_no_flipped_bit_moves_the_time(token: bytes, anchors: Anchors) -> None:
    time = verify_token(token, NOTE, anchors)
    for at in range(0, len(token), 11):
        changed = bytearray(token)
        changed[at] ^= 1 << at % 8
        try:
            # A few octets of the envelope are under no signature; what they hold tells nothing.
            assert verify_token(bytes(changed), NOTE, anchors) == time
        except ProtocolError:
            continue


@pytest.mark.parametrize(("pem", "policy"), [(b"", None), (b"x", None), (None, "no oid")])
def test_anchors_are_certificates(
    authority: TimeAuthority, pem: bytes | None, policy: str | None
) -> None:
    with pytest.raises(FormatError):
        Anchors.read(authority.anchors if pem is None else pem, policy)
    assert isinstance(Anchors.read(authority.anchors).roots[0], x509.Certificate)
