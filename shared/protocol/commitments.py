"""Salted commitments: a log can bind to a person's name without holding it (spec/leaves.md, 3).

The opening (salt and value) is kept apart from the log and can be erased; what is left in the leaf then
says nothing, not even to somebody who tries every name there is.
"""

import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from shared.protocol.errors import DigestMismatchError

SALT_SIZE = 32  # bytes
_LABEL = b"rogatory-commit/v1\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A value, the name of its field, and the salt that hides it."""

    name: str
    value: str
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(SALT_SIZE))

    def commitment(self) -> str:
        """SHA-256, in hex, over label, salt, and name and value each after its length."""
        name, value = self.name.encode(), self.value.encode()
        framed = struct.pack(">H", len(name)) + name + struct.pack(">I", len(value)) + value
        return sha256(_LABEL + self.salt + framed).hexdigest()


def check_opening(commit: Mapping[str, str], opening: Opening) -> None:
    """Check that a leaf's `commit` binds to this value.

    Raises:
        DigestMismatchError: it does not.
    """
    if commit.get(opening.name) != opening.commitment():
        raise DigestMismatchError("the leaf does not commit to this value", field=opening.name)
