"""What the log keeps from whoever only holds its rows: case pseudonyms, openings, waiting events.

Two keys: K_log (`log-case`), which the overseer is given, makes case pseudonyms; the storage key, which
stays here, seals everything else at rest. Each case has a key of its own under it, so that erasing one
row makes all of a case's openings unreadable.
"""

import hashlib
import hmac
from dataclasses import dataclass

from shared.protocol.commitments import Opening
from shared.protocol.encryption import derive, new_content_key, open_small, seal_small

CASE_KEY_FIELD = "log_case_key"


@dataclass(frozen=True, slots=True)
class Confidential:
    """The two keys of 32 bytes and what is done with them."""

    log_case: bytes
    storage: bytes

    def case_ref(self, case_id: str) -> str:
        """The pseudonym of a case: HMAC-SHA256 under K_log, in hex."""
        return hmac.digest(self.log_case, case_id.encode(), "sha256").hex()

    def case_key_digest(self) -> str:
        """What the first entry commits to, so that one case cannot go under two pseudonyms."""
        return hashlib.sha256(b"rogatory-log-case/v1\x00" + self.log_case).hexdigest()

    def event_tag(self, event: bytes) -> bytes:
        """A keyed digest that tells equal events from others and says nothing about their content."""
        return hmac.digest(derive(self.storage, b"audit event tag"), event, "sha256")

    def seal_event(self, event_id: str, event: bytes) -> bytes:
        """An event as it waits in the inbox."""
        return seal_small(derive(self.storage, b"audit event"), event, event_id.encode())

    def open_event(self, event_id: str, sealed: bytes) -> bytes:
        """Reverse `seal_event`.

        Raises:
            SealError: it was changed, or another key sealed it.
        """
        return open_small(derive(self.storage, b"audit event"), sealed, event_id.encode())

    def new_case_key(self, owner: str) -> tuple[bytes, bytes]:
        """A key for the openings of one owner (a case, or a single event), and the same wrapped."""
        key = new_content_key()
        return key, seal_small(derive(self.storage, b"audit case key"), key, owner.encode())

    def case_key(self, owner: str, wrapped: bytes) -> bytes:
        """Unwrap a key that `new_case_key` made.

        Raises:
            SealError: it was changed, or is another owner's.
        """
        return open_small(derive(self.storage, b"audit case key"), wrapped, owner.encode())


def seal_opening(case_key: bytes, index: int, opening: Opening) -> bytes:
    """A committed value as it is kept."""
    return seal_small(case_key, opening.value.encode(), _context(index, opening.name))


def open_opening(case_key: bytes, index: int, *, name: str, salt: bytes, sealed: bytes) -> Opening:
    """Reverse `seal_opening`.

    Raises:
        SealError: it was changed, or stands at another entry.
    """
    value = open_small(case_key, sealed, _context(index, name)).decode()
    return Opening(name=name, value=value, salt=salt)


def _context(index: int, name: str) -> bytes:
    return f"{index} {name}".encode()
