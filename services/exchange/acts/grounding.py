"""What a decision rests on: codes that the instrument gives in this case, and reasons in words."""

from collections.abc import Sequence
from typing import Any

from services.exchange import supplying
from services.exchange.acts.deeds import Deed
from services.exchange.states import Direction
from shared.protocol.law import gates, grounds, library
from shared.protocol.law.grounds import Case, Unavailable
from shared.protocol.law.pairs import Pair
from shared.protocol.law.shapes import Instrument
from shared.runtime.refusals import Unprocessable

_LISTED = "OFF-E"  # Directive 2014/41/EU, Annex D; Regulation (EU) 2023/1543, Annex IV


def check_refusal(deed: Deed, codes: Sequence[str], reasons: str) -> None:
    """Check that the grounds are available for these measures under the instrument (T16).

    Between countries without an instrument in force the law at home decides: any ground of the list.

    Raises:
        Unprocessable: one is not, by which article; or the reasons are too short.
    """
    check_words(reasons, "T16; BUD 27(4)-(7); EIO 11, 16(2)")
    check_codes("refusal", codes)
    document = supplying.document(deed.db, deed.request)
    basis = _basis(deed)
    if basis is None:
        return
    instrument, pair = basis
    named = {each.measure_id: each.code for each in deed.request.measures}
    offences = document.offences or ()
    months = [each.max_penalty_months for each in offences]
    listed = bool(document.listed_category) and all(map(_is_listed, offences))
    case = Case(
        kind=str(document.request_kind),
        measures=tuple(named[each] for each in deed.measures),
        listed=listed,
        months=min(months, default=0),
    )
    flaws = grounds.refusals(codes, case, instrument, pair)
    if flaws:
        raise _refused(flaws, grounds.available(case, instrument, pair))


def check_postponement(deed: Deed, codes: Sequence[str], reasons: str, review: int) -> None:
    """Check that the instrument knows these reasons to postpone, and the day of the review (T17).

    Raises:
        Unprocessable: it does not; the review is in the past; or the reasons are too short.
    """
    check_words(reasons, "T17; BUD 27(5), (7); EIO 15, 16(3)(b)")
    check_codes("postponement", codes)
    if review <= deed.actor.at.timestamp():
        raise Unprocessable(
            "review_past",
            "A postponement is looked at again on a day to come.",
            rule="T17; EIO 15(2)",
            next_step="Name the day of the review.",
        )
    basis = _basis(deed)
    known = basis[0].postponement if basis else {}
    other = [code for code in codes if known and code not in known]
    if other:
        assert basis is not None
        raise Unprocessable(
            "reason_not_available",
            f"{basis[0].name} does not name {', '.join(map(_titled, other))} as a reason to postpone.",
            rule=basis[0].citation,
            next_step=f"It names: {', '.join(map(_titled, known))}.",
        )


def check_codes(kind: str, codes: Sequence[str]) -> None:
    """Check that codes are of a list (refusal, postponement, withdrawal).

    Raises:
        Unprocessable: one is not.
    """
    known = library.codes()[kind]
    unknown = [code for code in codes if code not in known]
    if unknown:
        raise Unprocessable(
            "unknown_code",
            f"There is no code {', '.join(unknown)} for a {kind}.",
            rule="shared/protocol/law/data/codes.toml",
            next_step=f"The codes go from {min(known)} to {max(known)}.",
        )


def check_words(reasons: str, rule: str) -> None:
    """Check that reasons are given in words, and not in one.

    Raises:
        Unprocessable: they are too short.
    """
    least = gates.policy().reasons_least
    if len(reasons.strip()) < least:
        raise Unprocessable(
            "reasons_too_short",
            f"Reasons are given in words, in {least} characters at least.",
            rule=rule,
            next_step="Say why, so that the other authority understands it.",
        )


def _refused(flaws: Sequence[Unavailable], able: Sequence[str]) -> Unprocessable:
    first = flaws[0]
    told = " ".join(f"{each.ground}: {each.why} ({each.article})" for each in flaws)
    return Unprocessable(
        "ground_not_available",
        f"The refusal cannot rest on this. {told}",
        rule=first.article,
        next_step=f"Available in this case: {', '.join(able) or 'none'}.",
        grounds=[each.ground for each in flaws],
    )


def _is_listed(offence: Any) -> bool:  # noqa: ANN401 - an Offence
    return any(code.startswith(_LISTED) for code in offence.categories)


def _titled(code: str) -> str:
    return f"{code} ({library.title('postponement', code)})"


def _basis(deed: Deed) -> tuple[Instrument, Pair] | None:
    """Return the instrument of the request and the profile of the two, as they agreed on it."""
    request, directory, own = deed.request, deed.bench.directory, deed.bench.keyring.country
    asking = request.direction is Direction.OUT
    asker, asked = (own, request.peer) if asking else (request.peer, own)
    on = deed.actor.at.date()
    pair = directory.pair(asker, asked, on)
    if pair is None or request.instrument is None:
        return None
    instrument = directory.instrument(asker, asked, request.instrument, on)
    return None if instrument is None else (instrument, pair)
