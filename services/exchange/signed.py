"""A statement and an officer's signature over it, as a national system hands them in."""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.protocol import approvals

Statement = TypeVar("Statement", bound=BaseModel)


class Said(BaseModel):
    """What a national system says about evidence that was exchanged; nothing is left over."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Signed(BaseModel, Generic[Statement]):
    """What is said, and the approval (compact JWS) over it: spec/approvals.md, 4.

    What is not said is left out of what is signed: no member is null, none has its default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    statement: Statement
    approval: Annotated[str, StringConstraints(max_length=4_096)]

    def digest(self, what: str) -> str:
        """Return what the approval must name, where `what` is done with this statement."""
        said: Any = self.statement.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return approvals.statement_digest(what, said)
