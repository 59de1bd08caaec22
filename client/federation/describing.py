"""The profile of a pair in words: what counts, what differs from the one before, what to look at again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from client.federation import pairing
from client.federation.folder import Held
from client.federation.pairing import Standing
from client.federation.wording import plain
from shared.protocol.agreements import PairName
from shared.protocol.canonical import Json
from shared.protocol.drafts import Draft, country_of
from shared.protocol.law.agreed import Agreement
from shared.protocol.law.pairreading import Pinned, instrument_of
from shared.protocol.law.pairs import Clock, Length, Pair
from shared.protocol.law.policy import clocks_between, policy
from shared.protocol.law.shapes import Instrument
from shared.protocol.signingkeys import fingerprint

SENSITIVE = 3  # the tier from which a weighting note is needed


def title(name: PairName) -> str:
    """Name a profile for people."""
    return f"{name.requesting} asks {name.requested}, profile {fingerprint(name.sha256)}"


def standing(found: Standing, on: date, *, chosen: bool) -> str:
    """Say in a line who names a profile, and whether it counts on a day."""
    who = " and ".join(found.named_by)
    if not found.is_agreed:
        (missing,) = found.name.countries - set(found.named_by)
        return f"{title(found.name)}: named by {who}; {missing} has to name it, too"
    if found.agreement is None:
        return f"{title(found.name)}: named by {who}, but not at hand, or not readable here"
    pair = found.agreement.pair
    until = f" until {pair.valid_until}" if pair.valid_until else ""
    says = "counts" if chosen else "does not count" if not found.counts(on) else "gives way"
    return f"{title(found.name)}: agreed, from {pair.valid_from}{until}; {says} on {on}"


def standing_of_all(held: Held, on: date) -> Iterator[str]:
    """Say in a line of each profile that a document names how it stands."""
    named = pairing.held_names(held)
    pairs = {(name.requesting, name.requested) for names in named.values() for name in names}
    for requesting, requested in sorted(pairs):
        found = pairing.standings(named, held.files, requesting, requested)
        chosen = pairing.counting(found, on)
        yield from (standing(each, on, chosen=each is chosen) for each in found)


def terms(agreement: Agreement, on: date) -> Iterator[str]:
    """Say what two countries have agreed on, as it is on a day."""
    yield from map(plain, _terms(agreement, on))


def _terms(agreement: Agreement, on: date) -> Iterator[str]:
    pair = agreement.pair
    yield "  in force:"
    yield from _instruments(pair, agreement.pinned, on, in_force=True)
    out = list(_instruments(pair, agreement.pinned, on, in_force=False))
    if out:
        yield "  not in force:"
        yield from out
    yield f"  languages {', '.join(pair.languages)}; days end in {pair.time_zone}; calendar {pair.calendar}"
    if pair.weighting is not None:
        tiers = ", ".join(map(str, pair.weighting.tiers))
        yield f"  weighting note {pair.weighting.id} for tiers {tiers}, until {pair.weighting.valid_until}"
    if pair.emergency is not None:
        what, rule = ", ".join(pair.emergency.unvalidated), pair.emergency
        back = "after a call back" if rule.call_back else "without a call back"
        yield f"  emergency: {what} {back}; to be validated within {length(rule.validation)}"
    if pair.challenge is not None:
        yield f"  a challenge suspends a transfer: {pair.challenge.suspends}"
    data, watched = pair.data_protection, pair.oversight
    yield f"  data protection: {data.default_gateway}; the sender is bound by {data.sender_bound_by}"
    sees = "sees content" if watched.sees_content else "sees no content"
    joint = ", compares with the other country's" if watched.cross_check_with_peer else ""
    yield f"  oversight: {', '.join(watched.bodies)}; {sees}{joint}"
    least = pair.thresholds.traffic_or_content_months if pair.thresholds is not None else None
    if least is not None:
        yield f"  traffic data and content for offences of {least} months and more"
    yield from _ways(pair)
    yield "  clocks:"
    for clock in clocks_between(pair):
        yield f"    {_clock(clock)}"


def _ways(pair: Pair) -> Iterator[str]:
    ways = pair.channels
    if ways is not None:
        yield f"  ways: routine {ways.routine}, urgent {ways.urgent}, emergency {ways.emergency}"
    for each in pair.authority:
        takes = ", ".join(each.receives) or "every kind of request"
        yield f"  {each.id} ({each.name}) takes {takes}"


def changes(draft: Draft, held: Held) -> Iterator[str]:
    """Say which profiles a document names, and no more names, and what is different in each new one."""
    country, laid = country_of(draft.role), held.laid_over([draft])
    before = held.members[country].pairs if country in held.members else ()
    after = laid.members[country].pairs
    for name in after:
        if name not in before:
            yield f"  names: {_hand(name, laid, country)}"
            yield from (f"    {each}" for each in _against(name, before, laid))
    yield from (f"  names no more: {title(name)}" for name in before if name not in after)


def _hand(name: PairName, laid: Held, country: str) -> str:
    (other,) = name.countries - {country}
    named = other in laid.members and name in laid.members[other].pairs
    says = f"{other} names it, too: it is agreed" if named else f"{other} has to name it, too"
    return f"{title(name)}; {says}"


def _against(name: PairName, before: Sequence[PairName], laid: Held) -> Sequence[str]:
    """Compare a profile with the last one that the country named for this pair."""
    new = pairing.read(name, laid.files)
    if new is None:
        return ["not at hand, or not readable here: do not sign"]
    found = (
        pairing.read(each, laid.files)
        for each in before
        if (each.requesting, each.requested) == (name.requesting, name.requested)
    )
    earlier = [each for each in found if each is not None]
    old = max(earlier, key=lambda each: each.rank, default=None)
    return differences(old.pair if old is not None else None, new.pair)


def differences(old: Pair | None, new: Pair) -> Sequence[str]:
    """Say what a profile changes, key by key, against another one; against none: everything."""
    before = dict(_flat(_told(old))) if old is not None else {}
    after = dict(_flat(_told(new)))
    lines: list[str] = []
    for key in (*after, *(key for key in before if key not in after)):
        if before.get(key) != after.get(key):
            was = f"{before[key]} → " if key in before else ""
            lines.append(plain(f"{key}: {was}{after.get(key, '(gone)')}"))
    return lines


def remarks(pair: Pair, pinned: Pinned, today: date) -> Iterator[str]:
    """Say what is no mistake and still worth a look before a country signs."""
    yield from map(plain, _remarks(pair, pinned, today))


def _remarks(pair: Pair, pinned: Pinned, today: date) -> Iterator[str]:
    for between in pair.instrument:
        instrument = instrument_of(between, pinned)
        if instrument is not None and between.since is not None:
            yield from _doubts(pair, between.since, instrument)
    note = pair.weighting
    if note is None or max(note.tiers) < SENSITIVE:
        yield f"no weighting note covers data of tier {SENSITIVE} and more: none of it will leave"
    elif note.valid_until <= today:
        yield f"the weighting note {note.id} ended on {note.valid_until}"
    if pair.emergency is None:
        yield "nothing leaves in an emergency before a judge has validated the request"


def _doubts(pair: Pair, since: date, instrument: Instrument) -> Iterator[str]:
    code, parties = instrument.code, {party.country for party in instrument.party}
    if instrument.in_force is None:
        yield f"{code}: its own profile does not say since when it is in force; yours: {since}"
    for country in (pair.requesting, pair.requested):
        if parties and country not in parties:
            yield f"{code}: its profile does not list {country} as a party"
    if unread := len(instrument.unread()):
        yield f"{code}: {unread} articles were not compared with the official text"


def length(told: Length) -> str:
    """Write a length: `48 hours`."""
    plural = "s" if told.length > 1 else ""
    return f"{told.length} {told.unit}{plural}"


def told(found: Standing, on: date, *, chosen: bool) -> dict[str, Json]:
    """Write the standing of a profile for programs."""
    pair = found.agreement.pair if found.agreement is not None else None
    return {
        "requesting": found.name.requesting,
        "requested": found.name.requested,
        "sha256": found.name.sha256,
        "named_by": [*found.named_by],
        "agreed": found.is_agreed,
        "counts": chosen,
        "in_force": [each.code for each in pair.in_force(on)] if pair and chosen else [],
        "profile": _told(pair) if pair is not None else None,
    }


def _instruments(pair: Pair, pinned: Pinned, on: date, *, in_force: bool) -> Iterator[str]:
    for each in pair.instrument:
        if each.holds(on) is in_force:
            instrument = instrument_of(each, pinned)
            name = f"{instrument.name} ({instrument.citation})" if instrument is not None else "?"
            dates = f"since {each.since}" if each.since else "not in force between the two"
            until = f" until {each.until}" if each.until else ""
            own = ", as pinned" if each.profile else ""
            reserved = f"; reserved: {', '.join(each.reservations)}" if each.reservations else ""
            yield f"    {each.code:9} {dates}{until}  {name}{own}{reserved}"


def _clock(clock: Clock) -> str:
    given = {"routine": clock.routine, "urgent": clock.urgent, "emergency": clock.emergency}
    lengths = ", ".join(f"{name} {length(each)}" for name, each in given.items() if each)
    own = "" if clock in policy().clock else "  (their own)"
    return f"{clock.act} from {clock.starts}: {lengths}{own}"


def _told(pair: Pair) -> dict[str, Json]:
    return pair.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _flat(value: Json, place: str = "") -> Iterator[tuple[str, str]]:
    """Give every value by its place; the parts of a list that have a name by that."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(part, f"{place}.{key}" if place else key)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for number, part in enumerate(value):
            assert isinstance(part, Mapping)
            named = part.get("code") or part.get("id") or part.get("act") or number
            yield from _flat(part, f"{place}.{named}")
    elif isinstance(value, list):
        yield place, ", ".join(map(str, value)) or "none"
    else:
        yield place, str(value)
