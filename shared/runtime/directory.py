"""What the federation's directory says, as last brought by the gateway and checked here.

The gateway refreshes the trust repository (expiry, rollback and freeze are its business); this cache
checks every bundle again from the pinned root, so a captured gateway cannot make up a country. What
was checked lies on disk, so that a restart needs no network. Beside it lies the highest version seen of
each role: a bundle may leave a member out, but cannot make us forget how new its document was.
"""

import os
import threading
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType

from tuf.api.metadata import Targets

from shared.protocol import canonical, trust
from shared.protocol.errors import FormatError, TrustError
from shared.protocol.identifiers import Country
from shared.protocol.law.agreed import Agreement, Agreements, read_agreements
from shared.protocol.law.pairs import Pair
from shared.protocol.law.shapes import Instrument
from shared.protocol.rootchain import read_metadata
from shared.protocol.trust import Member
from shared.runtime import logs
from shared.runtime.refusals import Unavailable, Unprocessable


class Directory:
    """The members of the federation; safe to share between threads."""

    def __init__(self, path: Path, pinned_root: bytes) -> None:
        """Take the bundle at `path` if there is one; it is checked like a new one.

        Raises:
            TrustError: the bundle on disk is not vouched for by `pinned_root`, or what is beside it
                holds no versions.
        """
        self.pinned_root = pinned_root
        self._path, self._beside = path, path.with_name(f"{path.stem}-versions.json")
        self._lock = threading.Lock()
        self._bundle: bytes | None = None
        self._members: Mapping[Country, Member] = MappingProxyType({})
        self._agreements = Agreements()
        self._seen = _read_versions(self._beside) if self._beside.exists() else {}
        if path.exists():
            self._take(path.read_bytes())
            self._seen = _newest(self._seen, _versions(self.bundle()))

    def adopt(self, bundle: bytes) -> None:
        """Check a bundle and, if it holds, let it stand for the one before, on disk as well.

        Raises:
            TrustError: the pinned root does not vouch for it, or something in it is older than was seen
                before, which stays: whoever brings bundles cannot bring back yesterday's, without a
                suspension.
            FormatError: it is no bundle.
        """
        with self._lock:
            if bundle == self._bundle:
                return
            versions = _versions(bundle)
            _check_newer(versions, self._seen)
            self._take(bundle)
            # First the versions: after a crash here the bundle before stands, and this one can still come.
            self._seen = _newest(self._seen, versions)
            _replace(self._beside, canonical.encode(dict(self._seen)))
            _replace(self._path, bundle)

    def bundle(self) -> bytes:
        """Return the trust bundle in use, for those who verify offline.

        Raises:
            Unavailable: none has arrived yet.
        """
        if self._bundle is None:
            raise Unavailable(
                "no_directory",
                "The directory of countries has not been fetched yet.",
                next_step="Try again in a few seconds; else the operators check the gateway.",
            )
        return self._bundle

    @property
    def state(self) -> str:
        """Say whether the countries are known, in a word for operators."""
        return "ok" if self._bundle is not None else "not fetched yet"

    @property
    def members(self) -> Mapping[Country, Member]:
        """Every member, by country."""
        return self._members

    def member(self, country: str) -> Member:
        """Return what the directory says of a country, whatever its status.

        Raises:
            Unavailable: no directory has arrived yet.
            Unprocessable: the country is no member.
        """
        self.bundle()
        member = self._members.get(Country(country))
        if member is None:
            raise Unprocessable(
                "unknown_country",
                f"{country} is not a member of the exchange.",
                rule="directory",
                next_step="Choose a country that the directory lists.",
                country=country,
            )
        return member

    def active(self, country: str, now: datetime) -> Member:
        """Return what the directory says of a country one may exchange with at this moment.

        Raises:
            Unavailable: no directory has arrived yet.
            Unprocessable: the country is no member, or its membership is not in force.
        """
        member = self.member(country)
        at = int(now.timestamp())
        if member.status != "active" or not member.not_before <= at < member.not_after:
            raise Unprocessable(
                "inactive_country",
                f"The membership of {country} is not in force ({member.status}).",
                rule="directory",
                next_step="Ask the federation; nothing is exchanged until it is active again.",
                country=country,
            )
        return member

    def agreement(self, requesting: str, requested: str, on: date) -> Agreement | None:
        """Return what both countries have agreed on for a day, with the instruments that it pins."""
        return self._agreements.between(requesting, requested, on)

    def pair(self, requesting: str, requested: str, on: date) -> Pair | None:
        """Return the profile that counts on a day when one country asks the other; none: nothing does."""
        found = self.agreement(requesting, requested, on)
        return found.pair if found is not None else None

    def in_force(self, requesting: str, requested: str, on: date) -> Sequence[str]:
        """Return the codes of the instruments under which one may ask the other on a day (G24)."""
        pair = self.pair(requesting, requested, on)
        return [each.code for each in pair.in_force(on)] if pair is not None else []

    def instrument(self, requesting: str, requested: str, code: str, on: date) -> Instrument | None:
        """Return the profile of an instrument in force between the two, as they have agreed on it."""
        found = self.agreement(requesting, requested, on)
        return found.instrument(code, on) if found is not None else None

    def _take(self, bundle: bytes) -> None:
        members = trust.read_bundle(bundle, self.pinned_root)
        named = {str(country): member.pairs for country, member in members.items()}
        agreements = read_agreements(named, trust.read_parts(bundle).pairs)
        for each in (each for each in agreements.unread if each.at_hand):
            # Not the whole directory: what two others wrote, or a later release, must not stop us.
            logs.log().error("pair_not_read", pair=each.name.path, why=each.why)
        self._members, self._agreements = MappingProxyType(members), agreements
        self._bundle = bundle


def _check_newer(versions: Mapping[str, int], seen: Mapping[str, int]) -> None:
    for role, version in versions.items():
        if version < seen.get(role, 0):
            raise TrustError(f"This directory is older than the one in use: {role}.")


def _newest(seen: Mapping[str, int], versions: Mapping[str, int]) -> Mapping[str, int]:
    return {**seen, **{role: max(n, seen.get(role, 0)) for role, n in versions.items()}}


def _read_versions(path: Path) -> Mapping[str, int]:
    try:
        seen = canonical.read(path.read_bytes())
    except FormatError as error:
        raise TrustError(f"{path} cannot be read; it is written by this service alone.") from error
    if not isinstance(seen, dict):
        raise TrustError(f"{path} holds no versions; it is written by this service alone.")
    return {role: version for role, version in seen.items() if isinstance(version, int)}


def _versions(bundle: bytes) -> dict[str, int]:
    parts = trust.read_parts(bundle)
    roles = {**parts.roles, "targets": parts.targets}
    versions = {name: read_metadata(data, Targets).signed.version for name, data in roles.items()}
    return {**versions, "root": len(parts.roots)}  # the history from the first one on


def _replace(path: Path, content: bytes) -> None:
    """Put a file in the place of another, so that a crash leaves one of them whole."""
    draft = path.with_suffix(".new")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
