"""One file that goes from hand to hand: drafts that belong together, or a request to join."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from securesystemslib.signer import Signer

from client.errors import UsageError, unreadable
from client.federation import drafting
from client.federation.folder import Held
from shared.protocol.canonical import parse
from shared.protocol.drafts import (
    MAX_DRAFT,
    Draft,
    JoinRequest,
    read_drafts,
    read_join,
    write_drafts,
)
from shared.protocol.errors import FormatError


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What a file of a ceremony holds."""

    drafts: tuple[Draft, ...]
    request: JoinRequest | None = None

    def to_bytes(self) -> bytes:
        """Write it."""
        return self.request.to_bytes() if self.request is not None else write_drafts(self.drafts)

    def sign(self, signer: Signer, held: Held) -> list[str]:
        """Sign each draft in which the key has a seat.

        Returns:
            Their roles.
        """
        if self.request is not None:
            signed = drafting.sign_request(self.request, signer)
            return [self.request.draft.role] if signed else []
        return [
            draft.role
            for draft in self.drafts
            if drafting.sign(draft, signer, drafting.delegators(draft, self.ground(draft, held)))
        ]

    def ground(self, draft: Draft, held: Held) -> Held:
        """Give what a draft stands on: a root on what holds, others on the drafts beside them as well."""
        others = [each for each in self.drafts if each.role != draft.role]
        return held if draft.role == "root" else held.laid_over(others)


def of(drafts: Sequence[Draft]) -> Paper:
    """Put drafts on one paper."""
    return Paper(drafts=tuple(drafts))


def asking(request: JoinRequest) -> Paper:
    """Put a request on paper."""
    return Paper(drafts=(request.draft,), request=request)


def read(path: Path) -> Paper:
    """Read a file of a ceremony.

    Raises:
        UsageError: it cannot be read, or is none.
    """
    try:
        data = path.read_bytes().strip()
        told = parse(data, max_size=MAX_DRAFT)
        if isinstance(told, dict) and told.get("kind") == "join":
            return asking(read_join(data))
        return of(read_drafts(data))
    except OSError as error:
        raise unreadable(path, error) from error
    except FormatError as error:
        raise UsageError(f"{path}: {error.detail}", code="bad_draft") from error


def write(path: Path, paper: Paper) -> None:
    """Write a paper in the place of the one before, whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(paper.to_bytes())
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
