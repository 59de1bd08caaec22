"""What two countries agreed on, read: the profile of their pair, and the instruments as they take them.

Of several profiles on which both agree, the one counts that began last: so the next one is named by both
before it begins, and the one of before stays known for what was asked under it. One that cannot be read
does not give way to the one before: whoever withholds a file cannot bring back yesterday's law.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from shared.protocol.agreements import Named, PairName, agreed_all
from shared.protocol.errors import FormatError
from shared.protocol.law.instruments import read_instrument
from shared.protocol.law.pairreading import Pinned, instrument_of, read_pair
from shared.protocol.law.pairs import Pair
from shared.protocol.law.shapes import Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A profile that both countries name, and the instruments' profiles that it pins, by digest."""

    name: PairName
    pair: Pair
    pinned: Pinned

    def holds(self, on: date) -> bool:
        """Say whether it counts on a day."""
        ended = self.pair.valid_until is not None and on >= self.pair.valid_until
        return self.pair.valid_from <= on and not ended

    @property
    def rank(self) -> tuple[date, date, str]:
        """Say which of two that hold counts: what began later; then the later revision."""
        return self.pair.valid_from, self.pair.revision, self.name.sha256

    def instrument(self, code: str, on: date) -> Instrument | None:
        """Return the profile of an instrument that is in force between the two on a day."""
        between = self.pair.between(code, on)
        return instrument_of(between, self.pinned) if between is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A profile that both name and that is not at hand, or cannot be read here.

    From the day it begins nothing counts between the two: not the profile before, which they have left.
    """

    name: PairName
    why: str
    at_hand: bool
    since: date | None  # none: nobody can tell, and it may be any day

    def holds(self, on: date) -> bool:
        """Say whether it may count on a day."""
        return self.since is None or self.since <= on


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreements:
    """All on which countries agree: what can be read, and what cannot."""

    read: Sequence[Agreement] = ()
    unread: Sequence[Unread] = ()

    def between(self, requesting: str, requested: str, on: date) -> Agreement | None:
        """Return what counts between two countries on a day: of all that hold, what began last."""
        pair = (requesting, requested)
        if any((each.name.requesting, each.name.requested) == pair for each in self._blocking(on)):
            return None
        holding = [
            each
            for each in self.read
            if (each.name.requesting, each.name.requested) == pair and each.holds(on)
        ]
        return max(holding, key=lambda each: each.rank, default=None)

    def _blocking(self, on: date) -> Sequence[Unread]:
        return [each for each in self.unread if each.holds(on)]


def read_agreements(named: Named, files: Mapping[str, bytes]) -> Agreements:
    """Read every profile on which two countries agree.

    Args:
        named: country → what its document names.
        files: the profiles, by path, each checked against its digest.
    """
    found = [read_named(name, files) for name in agreed_all(named)]
    return Agreements(
        read=[each for each in found if isinstance(each, Agreement)],
        unread=[each for each in found if isinstance(each, Unread)],
    )


def read_named(name: PairName, files: Mapping[str, bytes]) -> Agreement | Unread:
    """Read a profile by its name, or say why it cannot be read."""
    if any(path not in files for path in name.paths):
        return Unread(name=name, why="It is not at hand.", at_hand=False, since=None)
    try:
        return read_agreement(name, files)
    except FormatError as error:
        since = _begins(files[name.path])
        return Unread(name=name, why=error.detail, at_hand=True, since=since)


def read_agreement(name: PairName, files: Mapping[str, bytes]) -> Agreement:
    """Read a profile with the instruments that it pins.

    Raises:
        ProfileError: one of them has mistakes.
        FormatError: the profile is another pair's.
    """
    pinned = {
        digest: _instrument(files[path])
        for digest, path in zip(name.instruments, name.paths[1:], strict=True)
    }
    pair = read_pair(files[name.path], pinned)
    if (pair.requesting, pair.requested) != (name.requesting, name.requested):
        raise FormatError(f"This is the profile of {pair.requesting}-{pair.requested}.")
    return Agreement(name=name, pair=pair, pinned=pinned)


def _begins(text: bytes) -> date | None:
    """Say when a profile begins that cannot be read: a later release may have written it."""
    try:
        begins = tomllib.loads(text.decode()).get("valid_from")
    except (ValueError, RecursionError):
        return None
    return begins if type(begins) is date else None


@lru_cache(maxsize=256)
def _instrument(text: bytes) -> Instrument:
    return read_instrument(text)
