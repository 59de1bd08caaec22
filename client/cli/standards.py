"""By what a request is judged: the instrument that it names, and what the two countries agreed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from client.cli.lawfiles import read_profile
from client.cli.terminal import Terminal
from client.errors import UsageError
from client.federation import pairing
from client.sdk.session import connect
from shared.protocol.law import library
from shared.protocol.law.agreed import Agreement
from shared.protocol.law.instruments import packed, read_instrument
from shared.protocol.law.pairreading import read_pair
from shared.protocol.law.pairs import Pair
from shared.protocol.law.shapes import Instrument
from shared.protocol.trust import read_bundle

Draft = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standards:
    """What judges a request; `offered` is in force between the two, or all there is if that is not known."""

    offered: Sequence[Instrument]
    instrument: Instrument | None
    pair: Pair | None


def offline(told: Draft, *, instrument: str | None, pair: Path | None) -> Standards:
    """Judge by what stands in files, and comes with this release."""
    offered = [packed(code) for code in library.INSTRUMENTS]
    return Standards(
        offered=offered,
        instrument=named(instrument) if instrument is not None else _of_basis(told, offered),
        pair=read_profile(pair, read_pair) if pair is not None else None,
    )


def of_node(
    terminal: Terminal, told: Draft, *, instrument: str | None, pair: Path | None
) -> Standards:
    """Judge by what our node has from the directory; files that are named go first."""
    given = offline(told, instrument=instrument, pair=pair)
    on = terminal.clock().date()
    agreement = _agreement(terminal, told, on) if pair is None else None
    if agreement is None:
        return given
    found = (agreement.instrument(each.code, on) for each in agreement.pair.in_force(on))
    offered = [each for each in found if each is not None]
    chosen = given.instrument if instrument is not None else _of_basis(told, offered)
    return Standards(offered=offered, instrument=chosen or given.instrument, pair=agreement.pair)


def named(name: str) -> Instrument:
    """Return an instrument of this release, or of a file.

    Raises:
        UsageError: there is none, or the file has mistakes.
    """
    if name in library.INSTRUMENTS:
        return packed(name)
    if not Path(name).exists():
        raise UsageError(
            f"there is no instrument {name}, and no such file",
            code="no_instrument",
            next_step=f"there are: {', '.join(library.INSTRUMENTS)}",
        )
    return read_profile(Path(name), read_instrument)


def _of_basis(told: Draft, offered: Sequence[Instrument]) -> Instrument | None:
    """The first instrument of the legal basis that is among those."""
    basis = [each for each in told.get("legal_basis") or () if isinstance(each, dict)]
    wanted = [each.get("instrument") for each in basis]
    return next((each for code in wanted for each in offered if each.code == code), None)


def _agreement(terminal: Terminal, told: Draft, on: date) -> Agreement | None:
    """Return how the two countries agree, as our node has it; without a pinned root nobody can say."""
    profile = terminal.profile()
    if profile.root is None:
        return None
    session = connect(profile, clock=terminal.clock)
    bundle, root = session.content(session.call("GET", "/v1/directory")), profile.root.read_bytes()
    ours = (
        country
        for country, member in read_bundle(bundle, root).items()
        if member.gateway == profile.gateway
    )
    requesting = told.get("from") or next(ours, "")
    found = pairing.standings(*pairing.in_bundle(bundle, root), str(requesting), str(told["to"]))
    counting = pairing.counting(found, on)
    return counting.agreement if counting is not None else None
