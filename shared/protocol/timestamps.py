"""What a time-stamping authority stamps of a checkpoint, and the record that is kept of it.

The stamp is over the whole note, its signature lines included: it then shows that the signatures were
there before anybody could forge them. The token itself (RFC 3161) is opaque here.
"""

from dataclasses import dataclass

from shared.protocol.canonical import b64u, encode, parse, unb64u
from shared.protocol.checkpoints import Checkpoint, read_checkpoint
from shared.protocol.digests import sha256
from shared.protocol.errors import DigestMismatchError, FormatError
from shared.protocol.members import members_of
from shared.protocol.notes import is_name, read_note

_NAMES = frozenset({"v", "authority", "note", "token"})
_MAX_TOKEN = 2**16  # bytes; with a chain of certificates it has about 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A stamped checkpoint.

    Attributes:
        authority: the name under which the authority is configured.
        note: the checkpoint's note, as it was when it was stamped.
        token: the time-stamp token (RFC 3161, 2.4.2), DER.
    """

    authority: str
    note: str
    token: bytes

    @property
    def checkpoint(self) -> Checkpoint:
        """What was stamped; that it was signed is another check."""
        return read_checkpoint(read_note(self.note).text)


def imprint(note: str) -> bytes:
    """What is sent to be stamped: SHA-256 over the octets of the note."""
    return sha256(note.encode())


def format_stamp(stamp: Stamp) -> bytes:
    """The record, in canonical JSON.

    Raises:
        ProtocolError: `parse_stamp` would refuse it.
    """
    members = {"v": 1, "authority": stamp.authority, "note": stamp.note}
    data = encode({**members, "token": b64u(stamp.token)})
    parse_stamp(data)
    return data


def parse_stamp(data: bytes) -> Stamp:
    """Read a record. That the authority signed the token, and when, is checked elsewhere.

    Raises:
        FormatError: it is no record.
        DigestMismatchError: the token does not hold the note's digest: it is of something else.
    """
    members = members_of(parse(data), _NAMES)
    token = unb64u(members.text("token"))
    if members.number("v") != 1 or not is_name(members.text("authority")):
        raise FormatError("this is no record of a time stamp")
    if len(token) > _MAX_TOKEN:
        raise FormatError("the time-stamp token is too large", size=len(token))
    stamp = Stamp(authority=members.text("authority"), note=members.text("note"), token=token)
    size = stamp.checkpoint.size
    if imprint(stamp.note) not in token:
        raise DigestMismatchError("the token is of another note", size=size)
    return stamp
