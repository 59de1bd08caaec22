"""What a member document says of a country's keys, of its logs and of its witness (spec/trust.md, 1)."""

from functools import cached_property
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import override

from shared.protocol.canonical import b64
from shared.protocol.checkpoints import Checkpoint
from shared.protocol.errors import InconsistentLogError
from shared.protocol.keys import KemPublic, SealPublic
from shared.protocol.policies import Policy, parse_policy

_STRICT = ConfigDict(strict=True, frozen=True, extra="forbid")


class DatedSeal(BaseModel):
    """A seal's public keys and when they may sign (seconds since 1970, `exp` excluded)."""

    model_config = _STRICT
    es384: dict[str, str]
    mldsa87: dict[str, str]
    nbf: int
    exp: int

    @cached_property
    def key(self) -> SealPublic:
        """Return both public keys."""
        return SealPublic.from_json({"es384": dict(self.es384), "mldsa87": dict(self.mldsa87)})


class DatedKem(BaseModel):
    """A public key to wrap content keys for, and when it may be used."""

    model_config = _STRICT
    kid: str
    suite: str
    p384: str
    mlkem1024: str
    nbf: int
    exp: int

    @cached_property
    def key(self) -> KemPublic:
        """Return the public key."""
        return KemPublic.from_json(
            {
                "kid": self.kid,
                "suite": self.suite,
                "p384": self.p384,
                "mlkem1024": self.mlkem1024,
            }
        )


class NamedLog(BaseModel):
    """A log by its origin (C2SP name): where it is read, by which keys and which quorum it is believed.

    Attributes:
        origin: its C2SP name.
        url: where it is read (C2SP tlog-tiles).
        vkeys: its verifier keys; both the old and the new ones while they rotate.
        policy: who must have cosigned a checkpoint under which a transfer leaves (C2SP tlog-policy).
    """

    model_config = _STRICT
    origin: str
    url: str
    vkeys: tuple[str, ...]
    policy: str

    @cached_property
    def witnessed_by(self) -> Policy:
        """Return the policy as read.

        Raises:
            FormatError: it is none.
        """
        return parse_policy(self.policy.encode())

    def check_end(self, checkpoint: Checkpoint) -> None:
        """Check that a checkpoint does not lie behind the end of the log; an open one has no end."""


class LogIdentity(NamedLog):
    """The log that a country writes to."""

    # Seconds without a checkpoint of the policy's quorum, after which no new transfer is taken.
    unwitnessed_limit: int = Field(ge=1)


class ClosedLog(NamedLog):
    """A log that takes no more entries: an earlier year's, or one that died."""

    size: int = Field(ge=0)
    root: str  # base64: the tree's root at `size`, its last

    @override
    def check_end(self, checkpoint: Checkpoint) -> None:
        """Check that a checkpoint does not lie behind the end of the log, and has its root at the end.

        Raises:
            InconsistentLogError: it does; whoever signed it signed after the end.
        """
        ended = checkpoint.size == self.size and b64(checkpoint.root) == self.root
        if checkpoint.size >= self.size and not ended:
            raise InconsistentLogError(
                f"{self.origin} was closed at {self.size} entries, with another root or fewer",
                size=checkpoint.size,
            )


class WitnessIdentity(BaseModel):
    """The country's witness of other countries' logs: submission prefix, and verifier keys."""

    model_config = _STRICT
    url: str
    vkeys: tuple[str, ...]


class Maintenance(BaseModel):
    """When the country's node is announced to take nothing (seconds since 1970, the end excluded)."""

    model_config = _STRICT
    begin: int = Field(alias="from")
    end: int = Field(alias="until")
    note: str = Field(max_length=200)

    @model_validator(mode="after")
    def _has_an_end(self) -> Self:
        if not self.begin < self.end:
            raise ValueError("it ends before it begins")
        return self
