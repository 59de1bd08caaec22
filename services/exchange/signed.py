"""A statement and an officer's signature over it, as a national system hands them in."""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.protocol import canonical
from shared.protocol.digests import sha256

Statement = TypeVar("Statement", bound=BaseModel)


class Signed(BaseModel, Generic[Statement]):
    """What is said, and the approval (compact JWS) over the SHA-256 of its canonical JSON.

    What is not said is left out of that JSON: no member is null.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    statement: Statement
    approval: Annotated[str, StringConstraints(max_length=4_096)]

    @property
    def digest(self) -> str:
        """Return what the approval must name: SHA-256, hex, of the statement as it was said."""
        said: Any = self.statement.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return sha256(canonical.encode(said)).hex()
