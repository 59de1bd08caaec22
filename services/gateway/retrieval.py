"""Fetch the trust repository from one place, the directory or a mirror, with a TUF client.

What the place says is believed only as far as the pinned root vouches for it, so that it may be anybody.
A place that drips its answer is given up: nothing here waits without an end.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import urllib3
from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.api.metadata import Metadata, Targets
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig
from typing_extensions import override

from services.gateway import agreed
from shared.protocol import agreements, trust
from shared.runtime import deadline, http, outward

MAX_FILE = 2**20  # bytes of one metadata file
MAX_PROFILE = agreements.MAX_FILE
DEADLINE = 20.0  # seconds for one file
WHOLE = 60.0  # seconds for all files of one source
SILENCE = 5.0  # seconds without an octet
_OK, _NOT_FOUND = 200, 404

Doubt = Callable[[str, Exception], None]  # a country, and why its document is left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place that has the repository: the directory itself, or the gateway of a member."""

    name: str  # `directory`, or the member's country
    url: str
    trust: http.Trust  # the anchors of this place only
    reach: outward.Reach = outward.Reach.NEARBY  # the operators' own word may name this machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """What the TUF client verified, as it came."""

    timestamp: bytes
    snapshot: bytes
    roots: Sequence[bytes]
    targets: bytes
    roles: dict[str, bytes]
    members: dict[str, bytes]
    pairs: dict[str, bytes]  # the profiles on which our country and others agree, by path

    def bundle(self, countries: Sequence[str]) -> bytes:
        """Write the bundle of some of the countries."""
        names = [trust.role_name(country) for country in countries]
        return trust.write_bundle(
            roots=self.roots,
            targets=self.targets,
            roles={name: self.roles[name] for name in names},
            members={country: self.members[country] for country in countries},
            pairs={
                path: content
                for path, content in self.pairs.items()
                if agreements.pair_of(path) <= set(countries)
            },
        )


def retrieve(source: Source, folder: Path, root: bytes, doubt: Doubt, country: str) -> Retrieved:
    """Fetch and verify what is new.

    Args:
        source: where to ask.
        folder: where the client keeps what it knows: nothing older than that is taken.
        root: the pinned first root.
        doubt: is told of each country that is left out, and why.
        country: our own, whose agreements are fetched.

    Raises:
        DownloadError: the source does not answer.
        RepositoryError: what it answers does not hold: rollback, freeze, a wrong signature.
    """
    metadata = folder / "metadata"
    metadata.mkdir(parents=True, exist_ok=True)
    fetcher = _Fetcher(source)
    updater = Updater(
        str(metadata),
        f"{source.url}/metadata/",
        str(folder / "targets"),
        f"{source.url}/targets/",
        fetcher,
        UpdaterConfig(prefix_targets_with_hash=True),
        bootstrap=root,
    )
    updater.refresh()
    targets = (metadata / "targets.json").read_bytes()
    members = {
        country: document
        for country in _countries(targets)
        if (document := _member(updater, country, doubt)) is not None
    }
    pairs = agreed.collect(
        members,
        country,
        folder=folder / "pairs",
        download=lambda path: fetcher.download_bytes(f"{source.url}/targets/{path}", MAX_PROFILE),
        doubt=doubt,
    )
    roles = [trust.role_name(country) for country in members]
    return Retrieved(
        timestamp=(metadata / "timestamp.json").read_bytes(),
        snapshot=(metadata / "snapshot.json").read_bytes(),
        roots=_roots(metadata),
        targets=targets,
        roles={name: (metadata / f"{name}.json").read_bytes() for name in roles},
        members=members,
        pairs=pairs,
    )


class _Fetcher(FetcherInterface):
    """Fetch over TLS pinned to the source's anchors; no redirect, no proxy."""

    def __init__(self, source: Source) -> None:
        self._pool = outward.pool(source.url, reach=source.reach, context=source.trust(), size=1)
        self._end = time.monotonic() + WHOLE

    @override
    def _fetch(self, url: str) -> Iterator[bytes]:
        # Not a generator: only what is raised in here becomes a DownloadError.
        with deadline.within(min(DEADLINE, self._end - time.monotonic())):
            deadline.check()
            answer = self._pool.urlopen(
                "GET",
                urllib3.util.parse_url(url).request_uri,
                redirect=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=http.CONNECT_TIMEOUT, read=SILENCE),
            )
            try:
                content = _read(answer, url)
            finally:
                http.let_go(answer)
        if answer.status != _OK:
            raise DownloadHTTPError(f"{url}: {answer.status}", answer.status)
        return iter([content])


def _read(answer: urllib3.BaseHTTPResponse, url: str) -> bytes:
    content = answer.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise DownloadError(f"{url}: larger than any metadata file may be")
    return content


def _countries(targets: bytes) -> list[str]:
    delegations = Metadata[Targets].from_bytes(targets).signed.delegations
    roles = delegations.roles if delegations is not None else None
    return [name.removeprefix(trust.role_name("")) for name in roles or {}]


def _member(updater: Updater, country: str, doubt: Doubt) -> bytes | None:
    """Return a country's document; one that does not hold or is not there is left out, alone.

    Raises:
        DownloadError: the source does not answer as it should.

    To keep the country's document of before instead would let a mirror hide a revocation for ever.
    """
    try:
        info = updater.get_targetinfo(trust.target_path(country))
        if info is None:
            return None
        path = updater.find_cached_target(info) or updater.download_target(info)
    except RepositoryError as error:
        doubt(country, error)
        return None
    except DownloadHTTPError as error:
        if error.status_code != _NOT_FOUND:
            raise  # a source that is short of breath says nothing about a country
        doubt(country, error)
        return None
    return Path(path).read_bytes()


def _roots(folder: Path) -> list[bytes]:
    history = (folder / "root_history").glob("*.root.json")
    return [path.read_bytes() for path in sorted(history, key=lambda p: int(p.name.split(".")[0]))]
