"""Whose keys sign which log: by the newest directory, and by all that the mirror has seen before it.

A key that was replaced still proves what it signed, and so does the policy of its time; for the newest
checkpoint only what the newest directory names counts. Each directory is checked from the pinned root.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from client.oversight.mirror import DIRECTORY, Mirror
from shared.protocol.canonical import b64
from shared.protocol.checkpoints import Checkpoint, verify_checkpoint
from shared.protocol.errors import InconsistentLogError, MissingSignatureError, TrustError
from shared.protocol.identifiers import Country
from shared.protocol.identities import ClosedLog, NamedLog
from shared.protocol.policies import Policy, check_quorum
from shared.protocol.trust import Member, find_member, read_bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """A log as the directories have named it, the newest first; never empty."""

    country: str
    named: tuple[NamedLog, ...]

    @property
    def origin(self) -> str:
        """The log's name."""
        return self.named[0].origin

    @property
    def vkeys(self) -> tuple[str, ...]:
        """Give the keys that sign now."""
        return self.named[0].vkeys

    @property
    def policy(self) -> Policy:
        """Say who must have cosigned now."""
        return self.named[0].witnessed_by

    @property
    def all_vkeys(self) -> tuple[str, ...]:
        """Give the keys that have signed at some time."""
        return tuple(dict.fromkeys(vkey for log in self.named for vkey in log.vkeys))

    def verify_any(self, note: str) -> Checkpoint:
        """Check a checkpoint of any time by the log's own keys.

        Raises:
            ProofError: a signature does not hold or is missing.
            FormatError: it is no checkpoint of this log.
        """
        return verify_checkpoint(note, self.all_vkeys)

    def check_quorum(self, note: str) -> None:
        """Check that the quorum of some time has cosigned a note.

        Raises:
            MissingSignatureError: none has; it says what the newest policy asks for.
        """
        policies = [each.witnessed_by for each in self.named]
        for policy in policies[1:]:
            try:
                check_quorum(policy, note)
            except MissingSignatureError:
                continue
            return
        check_quorum(policies[0], note)

    def check_closed(self, newest: Checkpoint) -> None:
        """Check that a log which is closed shows the end that the directory has of it.

        Raises:
            InconsistentLogError: it shows another.
        """
        log = self.named[0]
        if isinstance(log, ClosedLog) and (newest.size, b64(newest.root)) != (log.size, log.root):
            raise InconsistentLogError(
                f"{log.origin} was closed at {log.size} entries, and now shows {newest.size}, or others"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """What the directories of a mirror say, the newest first."""

    directories: tuple[Mapping[Country, Member], ...]

    @property
    def members(self) -> Mapping[Country, Member]:
        """What the newest directory says."""
        return self.directories[0]

    def log(self, origin: str) -> Keys:
        """Find the log of this origin, open or closed.

        Raises:
            TrustError: no directory knows it.
        """
        for members in self.directories:
            for member in members.values():
                if member.log_named(origin).origin == origin:
                    return self._keys(member.country, origin)
        raise TrustError(f"the directory knows no log {origin}")

    def log_of(self, country: str, origin: str) -> Keys:
        """Find a log of a country.

        Raises:
            TrustError: the country has none of this origin.
        """
        find_member(self.members, country)
        keys = self._keys(country, origin)
        if not keys.named:
            raise TrustError(f"{country} has no log {origin}", country=country)
        return keys

    def _keys(self, country: str, origin: str) -> Keys:
        found = [
            members[Country(country)].log_named(origin)
            for members in self.directories
            if country in members
        ]
        named = tuple(log for log in found if log.origin == origin)
        return Keys(country=country, named=named)


def read_trust(mirror: Mirror, pinned_root: bytes) -> Trusted:
    """Read the directories of a mirror.

    Raises:
        ProtocolError: one of them does not hold; the fact `object` says which.
    """
    newest = mirror.read(DIRECTORY)
    texts: Sequence[bytes] = [text for _, text in mirror.directories() if text != newest]
    return Trusted(directories=tuple(read_bundle(text, pinned_root) for text in [newest, *texts]))
