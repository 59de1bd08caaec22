"""Fetch the profiles on which our country and another agree; each is known by its digest.

They are no targets of TUF: the documents of both countries vouch for them. So a file that was fetched once
stays good, whoever brought it, and a mirror that does not have it withholds no more than it could before.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from tuf.api.exceptions import DownloadHTTPError

from shared.protocol import agreements
from shared.protocol.agreements import PairName
from shared.protocol.errors import FormatError, ProtocolError, TrustError
from shared.protocol.identifiers import Country
from shared.protocol.law.agreed import Agreements, read_agreements
from shared.protocol.trust import Member

MAX_TOTAL: Final = 3 * 2**20  # bytes of all profiles: the bundle has an end
SOON: Final = timedelta(days=30)
_FOLDER: Final = "targets/"
_NOT_FOUND: Final = 404

Download = Callable[[str], bytes]  # a path under `targets/`
Doubt = Callable[[str, Exception], None]


def collect(
    members: Mapping[str, bytes],
    country: str,
    *,
    folder: Path,
    download: Download,
    doubt: Doubt,
    limit: int = MAX_TOTAL,
) -> dict[str, bytes]:
    """Return the files of every profile of ours on which the other country agrees.

    Args:
        members: each country's document, as it came.
        country: our own.
        folder: where those lie that were fetched before.
        download: asks the source at hand.
        doubt: is told which country's profile is left out, and why.
        limit: bytes of all of them; what would be more is left out.

    Raises:
        DownloadError: the source does not answer as it should.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, bytes] = {}
    for name in _ours(members, country):
        (peer,) = name.countries - {country}
        try:
            files = {path: _file(path, folder, download) for path in name.paths}
            if sum(map(len, {**found, **files}.values())) > limit:
                raise TrustError("The profiles together are larger than they may be.")
            found |= files
        except ProtocolError as error:
            doubt(peer, error)
        except DownloadHTTPError as error:
            if error.status_code != _NOT_FOUND:
                raise  # a source that is short of breath says nothing about a profile
            doubt(peer, error)
    _forget(folder, found)
    return found


def changes(
    before: Mapping[Country, Member], after: Mapping[Country, Member], country: str
) -> Iterator[tuple[str, PairName]]:
    """Give what our country has agreed on since, and what has ended, each with its type of event."""
    were, are = (
        [name for name in _agreed(members) if country in name.countries]
        for members in (before, after)
    )
    yield from (("pair.ended", name) for name in were if name not in are)
    yield from (("pair.agreed", name) for name in are if name not in were)


def warnings(
    members: Mapping[Country, Member], files: Mapping[str, bytes], country: str, today: date
) -> Iterator[str]:
    """Say which profiles of ours somebody has to see to: they cannot be read, or end soon.

    Args:
        members: the directory as verified.
        files: the repository as we mirror it, by path.
        country: our own.
        today: the day.
    """
    at_hand = {path.removeprefix(_FOLDER): content for path, content in files.items()}
    names = [name for name in _agreed(members) if country in name.countries]
    named = {str(each): [name for name in names if each in name.countries] for each in members}
    found = read_agreements(named, at_hand)
    for each in found.unread:
        says = (
            f"cannot be read here: {each.why}" if each.at_hand else "is agreed, and nobody has it"
        )
        yield f"the profile {_title(each.name)} {says}"
    for pair in sorted({(name.requesting, name.requested) for name in names}):
        yield from _ending(found, *pair, today)


def _ending(found: Agreements, requesting: str, requested: str, today: date) -> Iterator[str]:
    now = found.between(requesting, requested, today)
    soon = found.between(requesting, requested, today + SOON)
    if now is not None and soon is None and now.pair.valid_until is not None:
        yield f"the profile {_title(now.name)} ends on {now.pair.valid_until}, and none follows"
    note = soon.pair.weighting if soon is not None else None
    if soon is not None and note is not None and note.valid_until <= today + SOON:
        yield f"the weighting note {note.id} of {_title(soon.name)} ends on {note.valid_until}"


def _title(name: PairName) -> str:
    return f"{name.requesting}-{name.requested} ({name.sha256[:16]}…)"


def _agreed(members: Mapping[Country, Member]) -> Iterator[PairName]:
    return agreements.agreed_all({str(name): each.pairs for name, each in members.items()})


def _ours(members: Mapping[str, bytes], country: str) -> Iterator[PairName]:
    named = {name: read.pairs for name, read in _readable(members)}
    return (name for name in agreements.agreed_all(named) if country in name.countries)


def _readable(members: Mapping[str, bytes]) -> Iterator[tuple[str, Member]]:
    for country, document in members.items():
        with suppress(FormatError):  # it is doubted where all of it is checked
            yield country, Member.from_bytes(document)


def _file(path: str, folder: Path, download: Download) -> bytes:
    place, digest = folder / path.removeprefix("pairs/"), agreements.digest_of(path)
    if place.exists():
        content = place.read_bytes()
        with suppress(TrustError):  # a disk that lost something: the source has it
            agreements.check_file(content, digest)
            return content
    content = download(path)
    agreements.check_file(content, digest)
    part = place.with_suffix(".part")
    part.write_bytes(content)
    part.replace(place)  # no sync: what a crash spoils has another digest, and is fetched again
    return content


def _forget(folder: Path, kept: Mapping[str, bytes]) -> None:
    """Remove what nobody names any more."""
    names = {path.removeprefix("pairs/") for path in kept}
    for each in folder.iterdir():
        if each.name not in names:
            each.unlink()
