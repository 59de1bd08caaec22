"""Pull a mirror and have it witnessed, again while the log outgrows what was pulled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from client.errors import ClientError, UnavailableError, UsageError, VerificationFailedError
from client.oversight.mirror import Mirror
from client.oversight.proving import Mirrored, prove
from client.oversight.pull import Pulled, pull
from client.oversight.site import Site
from client.oversight.witnessing import Witnessed, witness
from client.sdk.session import Session
from shared.protocol.checkpoints import verify_checkpoint
from shared.protocol.cosignatures import COSIGNATURES
from shared.protocol.notes import NoteVerifier

ROUNDS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The witnesses that are to cosign, and their pinned keys."""

    sites: tuple[Site, ...]
    vkeys: tuple[str, ...]

    @classmethod
    def of(cls, urls: Sequence[str], vkeys: Sequence[str]) -> Asked:
        """Take what stands on the command line.

        Raises:
            UsageError: a witness without pinned keys proves nothing.
            FormatError: a key is none of a witness.
        """
        kinds = [NoteVerifier.from_vkey(vkey).algorithm in COSIGNATURES for vkey in vkeys]
        if (urls and not vkeys) or not all(kinds):
            raise UsageError(
                "a witness is known by its keys",
                code="no_witness_key",
                next_step="name them with --witness-key, as the witness says them when it starts",
            )
        return cls(sites=tuple(map(Site, urls)), vkeys=tuple(vkeys))


def pull_witnessed(
    session: Session,
    mirror: Mirror,
    *,
    pinned_root: bytes,
    compare_all: bool,
    asked: Asked,
    log: str | None = None,
) -> tuple[Pulled, list[Witnessed]]:
    """Bring a mirror up to date and have every witness cosign it.

    Raises:
        VerificationFailedError: the log contradicts what the mirror or a witness saw of it.
        ClientError: a witness did not cosign; the others were asked all the same.
    """
    first: Pulled | None = None
    for _ in range(ROUNDS):
        pulled = pull(session, mirror, pinned_root=pinned_root, compare_all=compare_all, log=log)
        first = first or pulled
        whole = replace(pulled, before=first.before)
        if not asked.sites:
            return whole, []
        witnessed = _ask_all(session, prove(mirror, pinned_root), asked)
        if None not in witnessed:
            return whole, [each for each in witnessed if each]
    raise UnavailableError("the log grows faster than it is pulled", code="not_witnessed")


def _ask_all(session: Session, found: Mirrored, asked: Asked) -> list[Witnessed | None]:
    def present() -> int:
        note = session.content(session.call("GET", "/log/checkpoint")).decode()
        return verify_checkpoint(note, found.vkeys).size

    witnessed, errors = list[Witnessed | None](), list[ClientError]()
    for site in asked.sites:
        try:
            witnessed.append(witness(found, site, asked.vkeys, present=present))
        except ClientError as error:
            errors.append(error)
    if errors:
        raise next(
            (each for each in errors if isinstance(each, VerificationFailedError)), errors[0]
        )
    return witnessed
