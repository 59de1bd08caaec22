"""The witness protocol (C2SP tlog-witness) without its transport: what is sent, judged and answered.

A log sends a checkpoint with a proof that it extends what this witness cosigned last. The witness
answers with cosignatures, or with a status that says what it holds against it. Both sides are here:
`judge` decides for the witness, `read_answer` reads for the log, older dialects included.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from http import HTTPStatus

from shared.protocol.canonical import b64, unb64
from shared.protocol.checkpoints import (
    Checkpoint,
    check_extends,
    check_signed,
    read_decimal,
    read_head,
)
from shared.protocol.cosignatures import Cosignature, read_cosignatures
from shared.protocol.errors import FormatError, LogProofError, ProtocolError, SignatureError
from shared.protocol.merkle import EMPTY_ROOT, HASH_SIZE
from shared.protocol.notes import MAX_NOTE, Note, read_note

MAX_SUBMISSION = 2**17  # bytes: 63 hashes and the largest note
TLOG_SIZE = "text/x.tlog.size"
PLAIN = "text/plain; charset=utf-8"

_MAX_PROOF = 63  # hashes
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,15})\n?")
_UNKNOWN_LOG = b"unknown log"  # litewitness answers 403 with these words


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """The body of add-checkpoint, as read; nothing about it is proven."""

    old: int
    proof: tuple[bytes, ...]
    note: Note

    @property
    def origin(self) -> str:
        """The log that it claims to be of, whatever else its text says."""
        return self.note.text.partition("\n")[0]


def format_submission(old: int, proof: Sequence[bytes], note: str) -> bytes:
    """The body of add-checkpoint: `old` is the size that this witness cosigned last, or 0."""
    hashes = "".join(f"{b64(each)}\n" for each in proof)
    return f"old {old}\n{hashes}\n{note}".encode()


def parse_submission(body: bytes) -> Submission:
    """Read the body of add-checkpoint; its answer is 400 where this raises (`malformed`).

    Raises:
        FormatError: it is not of this form.
    """
    if len(body) > MAX_SUBMISSION:
        raise FormatError("the submission is too large", size=len(body))
    try:
        head, blank, note = body.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise FormatError("the submission is not UTF-8") from None
    first, *hashes = head.split("\n")
    word, _, old = first.partition(" ")
    if not blank or word != "old" or len(hashes) > _MAX_PROOF:
        raise FormatError("a submission names its old size, and has at most 63 hashes")
    proof = tuple(map(unb64, hashes))
    if any(len(each) != HASH_SIZE for each in proof):
        raise FormatError("a hash of the consistency proof is not 32 bytes long")
    return Submission(old=read_decimal(old), proof=proof, note=read_note(note))


def monitoring_path(origin: str) -> str:
    """Where, below its monitoring prefix, a witness shows the newest note it cosigned of a log."""
    return f"{sha256(origin.encode()).hexdigest()}/checkpoint"


class Reason(Enum):
    """Why a witness does not cosign."""

    MALFORMED = "malformed"
    SHRUNK = "the old size is larger than the checkpoint's"
    UNKNOWN_LOG = "unknown log"
    UNSIGNED = "no valid signature by the log"
    STALE = "the old size is not the one cosigned last"
    IMPOSSIBLE_ROOT = "the empty tree, and no other, has the root of nothing"
    CONFLICT = "another root was cosigned at this size"
    INCONSISTENT = "the consistency proof does not hold"


_STATUS = {
    Reason.MALFORMED: HTTPStatus.BAD_REQUEST,
    Reason.SHRUNK: HTTPStatus.BAD_REQUEST,
    Reason.UNSIGNED: HTTPStatus.FORBIDDEN,
    Reason.UNKNOWN_LOG: HTTPStatus.NOT_FOUND,
    Reason.STALE: HTTPStatus.CONFLICT,
    Reason.IMPOSSIBLE_ROOT: HTTPStatus.UNPROCESSABLE_ENTITY,
    Reason.CONFLICT: HTTPStatus.UNPROCESSABLE_ENTITY,
    Reason.INCONSISTENT: HTTPStatus.UNPROCESSABLE_ENTITY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """This checkpoint is to be stored in the place of the last one, then cosigned: answer 200."""

    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It is not cosigned.

    `signed` is set where the log's signatures hold: then the note is worth keeping, and if any other
    note of this size has another root, both are evidence (`misbehaviour`).
    """

    reason: Reason
    detail: str = ""
    known: int = 0
    signed: Checkpoint | None = None

    @property
    def status(self) -> HTTPStatus:
        """The HTTP status."""
        return _STATUS[self.reason]

    @property
    def body(self) -> str:
        """The size cosigned last (409), or a sentence for the log's operator."""
        if self.reason is Reason.STALE:
            return f"{self.known}\n"
        return f"{self.reason.value}: {self.detail}\n" if self.detail else f"{self.reason.value}\n"

    @property
    def content_type(self) -> str:
        """The media type of the body."""
        return TLOG_SIZE if self.reason is Reason.STALE else PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A witness's answer, as HTTP has it."""

    status: HTTPStatus
    body: str
    content_type: str = PLAIN

    @classmethod
    def to(cls, refused: Refused) -> "Reply":
        """The answer to what is not cosigned."""
        return cls(status=refused.status, body=refused.body, content_type=refused.content_type)


def malformed(error: FormatError) -> Refused:
    """The answer to a body that `parse_submission` refuses."""
    return Refused(reason=Reason.MALFORMED, detail=error.detail)


def judge(
    submission: Submission, vkeys: Sequence[str], last: Checkpoint | None
) -> Accepted | Refused:
    """Decide on a submission, in the order of tlog-witness.

    Between reading `last` and storing what is accepted nobody else may store: the caller swaps only
    if `last` still stands, and judges again if it does not. It stores before it answers.

    Args:
        submission: what came.
        vkeys: the keys trusted for `submission.origin`; none if the log is unknown here. For each
            algorithm among them one signature is demanded.
        last: what was cosigned last under this origin, if anything was.

    Raises:
        FormatError: the trusted keys are not of this log; the witness is set up wrongly.
    """
    if not vkeys:
        return Refused(reason=Reason.UNKNOWN_LOG)
    try:
        checkpoint = read_head(submission.note.text)
    except FormatError as error:
        return malformed(error)
    try:
        check_signed(submission.note, checkpoint, vkeys)
    except SignatureError as error:
        return Refused(reason=Reason.UNSIGNED, detail=error.detail)
    known = last or Checkpoint(origin=checkpoint.origin, size=0, root=EMPTY_ROOT)
    reason = _flaw(submission, checkpoint, known)
    if reason is None:
        return Accepted(checkpoint=checkpoint)
    return Refused(reason=reason, known=known.size, signed=checkpoint)


def _flaw(submission: Submission, new: Checkpoint, known: Checkpoint) -> Reason | None:
    if submission.old > new.size:
        return Reason.SHRUNK
    if submission.old != known.size:
        return Reason.STALE
    if (new.size == 0) != (new.root == EMPTY_ROOT):
        return Reason.IMPOSSIBLE_ROOT
    if new.size == known.size and new.root != known.root:
        return Reason.CONFLICT
    try:
        check_extends(known, new, submission.proof)
    except LogProofError:
        return Reason.INCONSISTENT
    return None


class Outcome(Enum):
    """What a witness's answer means for the log that asked."""

    COSIGNED = "cosigned"
    STALE = "stale"  # send again, with a proof from `size`
    ROLLBACK = "rollback"  # it has seen more of this log than there is: sign nothing more
    ROOT_CONFLICT = "root conflict"  # it has seen another tree: sign nothing more
    UNKNOWN_LOG = "unknown log"
    UNAUTHORISED = "unauthorised"
    BUSY = "busy"  # try again later
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer as read. `size` is set where the witness names one; cosignatures hold."""

    outcome: Outcome
    size: int | None = None
    cosignatures: tuple[Cosignature, ...] = ()
    detail: str = ""


_PLAIN_OUTCOMES: dict[int, Outcome] = {
    HTTPStatus.UNAUTHORIZED: Outcome.UNAUTHORISED,
    HTTPStatus.FORBIDDEN: Outcome.UNAUTHORISED,
    HTTPStatus.NOT_FOUND: Outcome.UNKNOWN_LOG,
    HTTPStatus.TOO_MANY_REQUESTS: Outcome.BUSY,
}


def read_answer(
    status: int, body: bytes, *, sent: Submission, head: int, vkeys: Sequence[str]
) -> Answer:
    """Say what an answer to add-checkpoint means; nothing in it is trusted but what is signed.

    Args:
        status: of HTTP.
        body: its first 64 KiB at least.
        sent: what was asked.
        head: the size of our own log, which is at least that of the checkpoint sent.
        vkeys: the witness's keys.
    """
    if status == HTTPStatus.OK and len(body) <= MAX_NOTE:
        return _cosigned(body, sent, vkeys)
    if status == HTTPStatus.CONFLICT and (match := _SIZE.fullmatch(body)):
        return _conflict(int(match[1]), sent, head)
    if status == HTTPStatus.UNPROCESSABLE_ENTITY and sent.old:
        return Answer(outcome=Outcome.ROOT_CONFLICT, size=sent.old)
    if status == HTTPStatus.FORBIDDEN and body.startswith(_UNKNOWN_LOG):
        return Answer(outcome=Outcome.UNKNOWN_LOG)
    other = Outcome.BUSY if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Outcome.GARBAGE
    return Answer(outcome=_PLAIN_OUTCOMES.get(status, other), detail=f"status {status}")


def _cosigned(body: bytes, sent: Submission, vkeys: Sequence[str]) -> Answer:
    try:
        # The lines that came, under the text that was sent: nothing that was there already counts.
        note = f"{sent.note.text}\n{body.decode()}"
        found = tuple(read_cosignatures(note, vkeys))
    except (UnicodeDecodeError, ProtocolError) as error:
        return Answer(outcome=Outcome.GARBAGE, detail=str(error))
    if not found:
        return Answer(outcome=Outcome.GARBAGE, detail="no cosignature by the witness's keys")
    return Answer(outcome=Outcome.COSIGNED, cosignatures=found)


def _conflict(size: int, sent: Submission, head: int) -> Answer:
    """What a 409 means: tlog-witness v1.0.0 answers so at equal sizes with other roots, too."""
    if size > head:
        return Answer(outcome=Outcome.ROLLBACK, size=size)
    if size == sent.old:
        return Answer(outcome=Outcome.ROOT_CONFLICT, size=size)
    return Answer(outcome=Outcome.STALE, size=size)
