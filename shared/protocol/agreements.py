"""Which files of law two countries have agreed on: both name the same digests in their documents.

A profile of a pair says which treaties count when one country asks the other, and with which values. It
is in force between them only where the member documents of both name it in the same words, so that each
alone can end it and neither alone can begin it. What a file says is read elsewhere (`law`); here it is
octets with a digest, and nothing more can be wrong with it (spec/trust.md, 3).
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.protocol.errors import FormatError, TrustError

MAX_FILE: Final = 64 * 2**10  # bytes of a profile
MAX_NAMED: Final = (
    8  # profiles of one ordered pair that a document may name: those of before, and the next
)
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
_PATH: Final = re.compile(r"pairs/([0-9a-f]{64})\.([A-Z]{2})-([A-Z]{2})\.toml")


class PairName(BaseModel):
    """A profile that a country says is agreed: who asks whom, and SHA-256 of the file (hex).

    Attributes:
        requesting: the country that asks.
        requested: the country that is asked.
        sha256: of the profile of the pair.
        instruments: of the profiles of instruments that it pins.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    requesting: Code
    requested: Code
    sha256: Digest
    instruments: Annotated[tuple[Digest, ...], Field(max_length=16)] = ()

    @property
    def path(self) -> str:
        """Name the profile's file, in a repository and in a bundle."""
        return self._path(self.sha256)

    @property
    def paths(self) -> Sequence[str]:
        """Name all of its files, the profile first."""
        return [self.path, *map(self._path, self.instruments)]

    @property
    def reason(self) -> str:
        """Name it in an event: the pair, and half of the digest, which nobody meets by chance."""
        return f"PAIR-{self.requesting}_{self.requested}_{self.sha256[:32].upper()}"

    @property
    def countries(self) -> frozenset[str]:
        """Name the two."""
        return frozenset((self.requesting, self.requested))

    def _path(self, digest: str) -> str:
        return f"pairs/{digest}.{self.requesting}-{self.requested}.toml"


Named = Mapping[str, Sequence[PairName]]  # country → what its document names


def agreed_all(named: Named) -> Iterator[PairName]:
    """Return everything on which two countries agree."""
    for country, names in named.items():
        for name in names:
            if name.requesting == country and name in named.get(name.requested, ()):
                yield name


def check_named(country: str, names: Sequence[PairName]) -> None:
    """Check that a country names only what concerns it, and no more than anybody needs.

    Raises:
        FormatError: it does not.
    """
    if len(set(names)) != len(names):
        raise FormatError(f"{country} names a profile twice.")
    pairs = [(name.requesting, name.requested) for name in names]
    for name, pair in zip(names, pairs, strict=True):
        if country not in name.countries or len(name.countries) != len(pair):
            raise FormatError(f"{country} names the profile of {'-'.join(pair)}.")
        if pairs.count(pair) > MAX_NAMED:
            raise FormatError(f"{country} names too many profiles of {'-'.join(pair)}.")


def check_files(files: Mapping[str, bytes], named: Named) -> None:
    """Check that each file is one that two countries agree on, octet for octet.

    Raises:
        FormatError: a path that names none.
        TrustError: a file that nobody vouches for.
    """
    vouched = {path for name in agreed_all(named) for path in name.paths}
    for path, content in files.items():
        digest = digest_of(path)
        if path not in vouched:
            raise TrustError(f"{path} is not what two countries have agreed on.")
        check_file(content, digest)


def check_file(content: bytes, digest: str) -> None:
    """Check a file against the digest by which it is named.

    Raises:
        TrustError: it is another one, or larger than any may be.
    """
    if len(content) > MAX_FILE or hashlib.sha256(content).hexdigest() != digest:
        raise TrustError(f"A profile is not the one with SHA-256 {digest}.")


def digest_of(path: str) -> str:
    """Return the digest in a file's path.

    Raises:
        FormatError: it is no path of a profile.
    """
    return _match(path)[1]


def pair_of(path: str) -> frozenset[str]:
    """Return the two countries in a file's path; raises as `digest_of`."""
    return frozenset(_match(path).groups()[1:])


def _match(path: str) -> re.Match[str]:
    found = _PATH.fullmatch(path)
    if found is None:
        raise FormatError(f"{path!r} is no path of a profile.")
    return found
