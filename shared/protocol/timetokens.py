"""RFC 3161 time-stamp tokens over checkpoints: what is asked, and how an answer is judged.

A token is judged at the time that it states, so it verifies after its certificates have expired. Who may
state times is the verifier's choice: the anchors come from outside, never from the token.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from shared.protocol.errors import DigestMismatchError, FormatError, SignatureError
from shared.protocol.timestamps import imprint

_GRANTED = b"\x30\x03\x02\x01\x00"  # PKIStatusInfo with status 0 (RFC 3161, 2.4.2)
_SEQUENCE, _FIRST = 0x30, 0xA0  # DER tags: SEQUENCE, context-specific 0 constructed
_LONG = 0x80  # DER: from here on, the length has octets of its own
_SHA256 = "2.16.840.1.101.3.4.2.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """Whom to believe: root certificates (at least one), and the policy if one is demanded."""

    roots: tuple[x509.Certificate, ...]
    policy: str | None = None  # an object identifier

    @classmethod
    def read(cls, pem: bytes, policy: str | None = None) -> "Anchors":
        """Read certificates in PEM.

        Raises:
            FormatError: there is none, or one cannot be read, or the policy is no object identifier.
        """
        try:
            if policy is not None:
                x509.ObjectIdentifier(policy)
            return cls(roots=tuple(x509.load_pem_x509_certificates(pem)), policy=policy)
        except ValueError as error:
            raise FormatError("these are no certificates of a time-stamping authority") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A time-stamp request (DER), and the nonce that its answer must have."""

    request: bytes
    nonce: int | None


def ask(note: str) -> Question:
    """Ask for a stamp over a note: SHA-256, a fresh nonce, certificates wanted."""
    builder = TimestampRequestBuilder(data=note.encode(), hash_algorithm=HashAlgorithm.SHA256)
    made = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    return Question(request=made.as_bytes(), nonce=made.nonce)


def read_answer(answer: bytes, question: Question, note: str, anchors: Anchors) -> bytes:
    """Take the token out of an authority's answer (TimeStampResp, DER), verified.

    Raises:
        FormatError: this is no answer, or no token was granted.
        SignatureError, DigestMismatchError: as `verify_token`; also for another nonce.
    """
    try:
        response = decode_timestamp_response(answer)
        status, said = PKIStatus(response.status), response.status_string
    except ValueError:
        token = _token_of_unordered(answer)
    else:
        if status is not PKIStatus.GRANTED:
            raise FormatError(f"the authority grants no stamp: {status.name}", said=str(said)[:200])
        token = response.time_stamp_token()
    _verify(token, note, anchors, question.nonce)
    return token


def verify_token(token: bytes, note: str, anchors: Anchors) -> datetime:
    """Check that an authority of these anchors stamped a note; return the time that it states.

    Raises:
        FormatError: this is no time-stamp token.
        SignatureError: it is not signed under the anchors, or for another purpose or policy.
        DigestMismatchError: it is of something else.
    """
    return _verify(token, note, anchors, None)


def stated_time(token: bytes) -> datetime:
    """Give the time that a token states; nothing about it is proven.

    Raises:
        FormatError: this is no time-stamp token.
    """
    return _read(token).tst_info.gen_time


def _verify(token: bytes, note: str, anchors: Anchors, nonce: int | None) -> datetime:
    response = _read(token)
    info = response.tst_info
    digest = imprint(note)
    stated = info.message_imprint
    if stated.message != digest or stated.hash_algorithm.dotted_string != _SHA256:
        raise DigestMismatchError("the token is of another note")
    policy = None if anchors.policy is None else x509.ObjectIdentifier(anchors.policy)
    verifier = VerifierBuilder(roots=list(anchors.roots), policy_id=policy, nonce=nonce).build()
    try:
        verifier.verify(response, digest)
    except (VerificationError, ValueError) as error:
        reason = str(error).partition(": ErrorStack")[0]
        raise SignatureError(f"the time stamp does not hold: {reason}") from error
    return info.gen_time


def _read(token: bytes) -> TimeStampResponse:
    """Read a token, in the response around it that the library reads."""
    try:
        ordered = _ordered(token)
        response = decode_timestamp_response(_wrapped(_SEQUENCE, _GRANTED + ordered))
        _ = response.tst_info
    except (ValueError, IndexError) as error:
        raise FormatError("this is no time-stamp token") from error
    return response


def _token_of_unordered(answer: bytes) -> bytes:
    """Take the token out of an answer that is no strict DER; it is checked like every other."""
    try:
        (_, start, end), *rest = _elements(answer, 0, len(answer))
        status, token = _elements(answer, start, end)
    except (ValueError, IndexError) as error:
        raise FormatError("this is no answer of a time-stamping authority") from error
    if rest or answer[start : status[2]] != _GRANTED:
        raise FormatError("this is no answer of a time-stamping authority, or none that grants")
    return answer[status[2] : token[2]]


def _ordered(token: bytes) -> bytes:
    """Put a token's certificates into the order that DER has for a SET (X.690, 11.6).

    Many authorities send them in another (`openssl ts` does), and the library is strict. They are not
    under the signature, and the order tells nothing.
    """
    (_, start, end), *_rest = _elements(token, 0, len(token))
    _type, (_, start, end), *_rest = _elements(token, start, end)
    (_, start, end), *_rest = _elements(token, start, end)
    fields = _elements(token, start, end)
    found = ((first, last) for tag, first, last in fields if tag == _FIRST)
    first, last = next(found, (end, end))  # none: nothing is put in order
    at, parts = first, []
    for _, _, stop in _elements(token, first, last):
        parts.append(token[at:stop])
        at = stop
    return token[:first] + b"".join(sorted(parts)) + token[last:]


def _elements(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Give the elements of a DER value one after the other: tag, start and end of the content."""
    while at < end:
        tag, length, start = data[at], data[at + 1], at + 2
        if length & _LONG:
            start += length - _LONG
            length = int.from_bytes(data[at + 2 : start], "big")
        at = start + length
        if at > end:
            raise ValueError("an element is longer than what it stands in")
        yield tag, start, at


def _wrapped(tag: int, content: bytes) -> bytes:
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    length = bytes([size]) if size < _LONG else bytes([_LONG + len(octets)]) + octets
    return bytes([tag]) + length + content
