"""What two countries agreed on, read: the profile of their pair, and the instruments as they take them.

Of several profiles on which both agree, the one counts that began last: so the next one is named by both
before it begins, and the one of before stays known for what was asked under it.
"""

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
    """A profile that both name and that cannot be used here: it is not in force."""

    name: PairName
    why: str


def read_agreements(
    named: Named, files: Mapping[str, bytes]
) -> tuple[Sequence[Agreement], Sequence[Unread]]:
    """Read every profile that two countries agree on and whose files are at hand.

    Args:
        named: country → what its document names.
        files: the profiles, by path, each checked against its digest.

    Returns:
        Those that can be used, and those that cannot.
    """
    read: list[Agreement] = []
    unread: list[Unread] = []
    for name in agreed_all(named):
        if all(path in files for path in name.paths):
            try:
                read.append(read_agreement(name, files))
            except FormatError as error:
                unread.append(Unread(name=name, why=error.detail))
    return read, unread


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


def agreement_between(
    agreements: Sequence[Agreement], requesting: str, requested: str, on: date
) -> Agreement | None:
    """Return what counts between two countries on a day: of all that hold, what began last."""
    holding = [
        each
        for each in agreements
        if (each.pair.requesting, each.pair.requested) == (requesting, requested) and each.holds(on)
    ]
    return max(holding, key=lambda each: each.rank, default=None)


@lru_cache(maxsize=256)
def _instrument(text: bytes) -> Instrument:
    return read_instrument(text)
