"""The live view of the directory: a TUF client that keeps what it verified on disk.

    nothing ──refresh──▶ fresh ──24 h without refresh──▶ expired
                           ▲─────────refresh────────────────┘

Fresh: peers are served. Expired: peers are refused (503 `directory_expired`), since a withdrawn
country could otherwise go on for ever; reading at home goes on. A failed refresh changes nothing.
"""

import os
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.api.metadata import Metadata, Targets, Timestamp
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig
from typing_extensions import override

from shared.protocol import trust
from shared.protocol.errors import ProtocolError
from shared.protocol.identifiers import Country
from shared.runtime import http, logs
from shared.runtime.clock import Clock
from shared.runtime.refusals import NotAllowed, NotFound, Unavailable

REFRESH = timedelta(minutes=5)
RETRY = timedelta(seconds=2)  # while there is no view at all, or the last attempt failed
MAX_FILE = 2**20  # bytes of one metadata file
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What was verified: the bundle, what it says, and until when it is fresh."""

    bundle: bytes
    members: Mapping[Country, trust.Member]
    expires: datetime


class Directory:
    """The countries of the federation, kept up to date by a thread."""

    def __init__(
        self, *, url: str, context: ssl.SSLContext, root: bytes, folder: Path, clock: Clock
    ) -> None:
        """Take up what was verified before.

        Args:
            url: the directory process or a mirror of it.
            context: trusts its anchor only.
            root: the pinned first root.
            folder: where the verified state is kept.
            clock: the time.
        """
        self._url, self._root, self._folder, self._clock = url, root, folder, clock
        self._fetcher = _Fetcher(url, context)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="directory", daemon=True)
        self._view = _load(folder, root)

    def start(self) -> None:
        """Keep the view fresh until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def state(self) -> str:
        """Return `ok`, `expired` or `empty`, for the operator."""
        if self._view is None:
            return "empty"
        return "ok" if self._clock() < self._view.expires else "expired"

    def bundle(self) -> bytes:
        """Return the trust bundle, however old: keys in it are judged at the logged time.

        Raises:
            Unavailable: there never was one.
        """
        return self._any_view().bundle

    def members(self) -> Mapping[Country, trust.Member]:
        """Return every country's document, however old: for what proves itself. Raises as `bundle`."""
        return self._any_view().members

    def peer(self, country: str) -> trust.Member:
        """Return an active member, from a fresh view.

        Raises:
            NotFound: no such country in the directory.
            NotAllowed: the country is suspended or has left.
            Unavailable: the view has expired.
        """
        member = self._fresh_view().members.get(Country(country))
        if member is None:
            raise NotFound("unknown_country", f"The directory does not name {country}.")
        if not _is_active(member, self._clock()):
            raise NotAllowed("peer_not_allowed", f"{country} is {member.status} in the directory.")
        return member

    def issuer(self, issuer: str) -> trust.Member | None:
        """Return the active member with this issuer URL, if there is one.

        Raises:
            Unavailable: the view has expired.
        """
        for member in self._fresh_view().members.values():
            if member.issuer == issuer and _is_active(member, self._clock()):
                return member
        return None

    def refresh(self) -> None:
        """Fetch and verify what is new.

        Raises:
            DownloadError: the directory does not answer.
            RepositoryError: what it answers does not hold: rollback, freeze, a wrong signature.
            ProtocolError: it is well signed and yet no directory of ours.
        """
        parts = self._fetch()
        vouched = [country for country in parts.members if self._holds(parts, country)]
        bundle = parts.bundle(vouched)
        trust.read_bundle(bundle, self._root)
        # This copy of the timestamp is of a refresh that succeeded as a whole: the client's own may
        # be newer than the snapshot it got, and would make a withheld snapshot look fresh.
        _write(self._folder / "timestamp.json", parts.timestamp)
        _write(self._folder / "bundle.json", bundle)
        self._view = _load(self._folder, self._root)

    def _holds(self, parts: "_Parts", country: str) -> bool:
        """Check one country alone: what it signs wrongly must not cost the others their directory."""
        try:
            trust.read_bundle(parts.bundle([country]), self._root)
        except ProtocolError as error:
            logs.log().warning("member_not_vouched", country=country, error=error.detail)
            return False
        return True

    def _watch(self) -> None:
        wait = RETRY
        while not self._stopped.is_set():
            try:
                self.refresh()
                wait = REFRESH
            except (DownloadError, RepositoryError, ProtocolError, OSError) as error:
                wait = RETRY
                logs.log().warning("directory_not_refreshed", state=self.state, error=str(error))
            self._stopped.wait(wait.total_seconds())

    def _any_view(self) -> View:
        if self._view is None:
            raise Unavailable(
                "directory_empty",
                "This gateway has not yet reached the directory of countries.",
                next_step="Try again in a minute.",
            )
        return self._view

    def _fresh_view(self) -> View:
        view = self._any_view()
        if self._clock() >= view.expires:
            raise Unavailable(
                "directory_expired",
                "The directory of countries could not be refreshed for too long.",
                next_step="The operators must restore the connection to the directory.",
            )
        return view

    def _fetch(self) -> "_Parts":
        folder = self._folder / "metadata"
        targets_folder = self._folder / "targets"
        folder.mkdir(parents=True, exist_ok=True)
        updater = Updater(
            str(folder),
            f"{self._url}/metadata/",
            str(targets_folder),
            f"{self._url}/targets/",
            self._fetcher,
            UpdaterConfig(prefix_targets_with_hash=True),
            bootstrap=self._root,
        )
        updater.refresh()
        targets = (folder / "targets.json").read_bytes()
        members = {
            country: document
            for country in _countries(targets)
            if (document := _member(updater, country)) is not None
        }
        roles = [trust.role_name(country) for country in members]
        return _Parts(
            timestamp=(folder / "timestamp.json").read_bytes(),
            roots=_roots(folder),
            targets=targets,
            roles={name: (folder / f"{name}.json").read_bytes() for name in roles},
            members=members,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    timestamp: bytes
    roots: list[bytes]
    targets: bytes
    roles: dict[str, bytes]
    members: dict[str, bytes]

    def bundle(self, countries: Sequence[str]) -> bytes:
        """Write the bundle of some of the countries."""
        names = [trust.role_name(country) for country in countries]
        return trust.write_bundle(
            roots=self.roots,
            targets=self.targets,
            roles={name: self.roles[name] for name in names},
            members={country: self.members[country] for country in countries},
        )


class _Fetcher(FetcherInterface):
    """Fetch over TLS pinned to the directory's anchor; no redirect, no proxy."""

    def __init__(self, url: str, context: ssl.SSLContext) -> None:
        self._pool = http.bulk_pool(url, context=context, size=1)

    @override
    def _fetch(self, url: str) -> Iterator[bytes]:
        # Not a generator: only what is raised in here becomes a DownloadError.
        answer = self._pool.request("GET", url, redirect=False, preload_content=False)
        content = answer.read(MAX_FILE + 1)
        if len(content) > MAX_FILE:
            answer.close()
            raise DownloadError(f"{url}: larger than any metadata file may be")
        answer.release_conn()
        if answer.status != _OK:
            raise DownloadHTTPError(f"{url}: {answer.status}", answer.status)
        return iter([content])


def _is_active(member: trust.Member, now: datetime) -> bool:
    return member.status == "active" and member.not_before <= now.timestamp() < member.not_after


def _countries(targets: bytes) -> list[str]:
    delegations = Metadata[Targets].from_bytes(targets).signed.delegations
    roles = delegations.roles if delegations is not None else None
    return [name.removeprefix("country-") for name in roles or {}]


def _member(updater: Updater, country: str) -> bytes | None:
    """Return a country's document; one that does not hold or is not there is left out, alone.

    To keep the country's document of before instead would let a mirror hide a revocation for ever.
    """
    try:
        info = updater.get_targetinfo(trust.target_path(country))
        if info is None:
            return None
        path = updater.find_cached_target(info) or updater.download_target(info)
    except (RepositoryError, DownloadHTTPError) as error:
        logs.log().warning("member_not_vouched", country=country, error=str(error))
        return None
    return Path(path).read_bytes()


def _roots(folder: Path) -> list[bytes]:
    history = (folder / "root_history").glob("*.root.json")
    return [path.read_bytes() for path in sorted(history, key=lambda p: int(p.name.split(".")[0]))]


def _load(folder: Path, root: bytes) -> View | None:
    """Read the state of before and check it anew, from the pinned root."""
    if not (folder / "bundle.json").exists():
        return None
    bundle = (folder / "bundle.json").read_bytes()
    try:
        timestamp = Metadata[Timestamp].from_file(str(folder / "timestamp.json"))
        members = trust.read_bundle(bundle, root)
    except (RepositoryError, ProtocolError) as error:
        # Another root was pinned since, or the disk lost something: the directory has it all.
        logs.log().warning("directory_state_dropped", error=str(error))
        return None
    return View(bundle=bundle, members=members, expires=timestamp.signed.expires)


def _write(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
