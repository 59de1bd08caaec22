"""What a request still lacks: by field, with the article that asks for it (gate G02; spec/request.md, 2)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from shared.protocol.law import library
from shared.protocol.law.documents import Document, Measure
from shared.protocol.law.pairs import Pair
from shared.protocol.law.shapes import Condition, FieldRule, Instrument
from shared.protocol.law.soundness import Lack, lack, unsound

ELECTRONIC: Final = frozenset({"DC-SUB", "DC-IDN", "DC-DOM", "DC-TRF", "DC-CNT", "DC-RTI"})
PRESERVES: Final = "MEA-01"  # of electronic data, too
STORED: Final = frozenset({"MEA-01", "MEA-02", "MEA-06", "MEA-07", "MEA-13", "MEA-29"})
IDENTIFY: Final = frozenset({"MEA-03", "MEA-04", "MEA-05"})
SEARCHES: Final = frozenset({"MEA-10", "MEA-11"})  # they bring what nobody has looked at yet
MOST_SENSITIVE: Final = 4  # tier
SERVICE: Final = "MEA-19"

Truths = Mapping[str, Any]


def missing(
    document: Document, instrument: Instrument | None, pair: Pair | None = None
) -> Sequence[Lack]:
    """List what a document lacks under an instrument between two countries, and what cannot be right.

    Args:
        document: the request.
        instrument: the one its legal basis names; without one only what every request must say is looked for.
        pair: the profile of the two countries; without one neither its languages nor its own fields count.
    """
    found: list[Lack] = []
    whole = facts(document, document.measures, instrument)
    for code, field in library.fields().items():
        if field.get("per") == "measure":
            found += _per_measure(code, field, document, instrument, pair)
        elif _absent(field, document) and (source := _asked(code, field, whole, instrument, pair)):
            found.append(lack(code, source=source))
    return [*found, *_language(document, pair), *unsound(document)]


def facts(document: Document, measures: Sequence[Measure], instrument: Instrument | None) -> Truths:
    """Derive what the conditions of `fields.toml` speak of, for all measures of a request or one of them."""
    codes = {measure.code for measure in measures}
    known = [each for code, each in library.codes()["measure"].items() if code in codes]
    data = {category for measure in known for category in measure["data"]}
    declared = {category for measure in measures for category in measure.data or ()}
    electronic = bool((data | declared) & ELECTRONIC) or PRESERVES in codes
    coercive = any(measure["coercive"] for measure in known)
    penalties, flags = document.penalties, document.sensitive_persons
    privileged = flags is not None and bool(flags.privileged)
    return {
        "kinds": document.request_kind,
        "urgency": document.urgency,
        "measures": codes,
        "instruments": instrument.code if instrument is not None else None,
        "personal": bool(data | declared),
        "electronic": electronic,
        "electronic_or_coercive": electronic or coercive,
        "coercive": coercive,
        "stored": bool(codes & STORED),
        "identify_only": codes <= IDENTIFY,
        "service_only": codes == {SERVICE},
        "to_filter": privileged or bool(codes & SEARCHES),
        "death_penalty": penalties is not None and penalties.death_penalty,
        "listed": bool(document.listed_category),
        "special": any(_brings(measure) & most_sensitive() for measure in measures),
        **_validated(document),
    }


def most_sensitive() -> frozenset[str]:
    """Return the categories of data that only go with a reason of strict necessity (J07)."""
    data = library.codes()["data"]
    return frozenset(code for code, each in data.items() if each["tier"] >= MOST_SENSITIVE)


def _brings(measure: Measure) -> frozenset[str]:
    """Return what a measure says it may bring, else what measures of its code may."""
    known = library.codes()["measure"].get(measure.code, {"data": ()})
    return frozenset(measure.data or known["data"])


def _validated(document: Document) -> Truths:
    """Say how judicial it is: issued by a judge or prosecutor, or, in an emergency, not yet validated."""
    judicial = document.issuing_authority is not None and document.issuing_authority.level != "A"
    bare = not judicial and document.validating_authority is None
    return {"judicial": judicial, "unvalidated": bare and document.urgency == "EMERGENCY"}


def _asked(
    code: str,
    field: Mapping[str, Any],
    truths: Truths,
    instrument: Instrument | None,
    pair: Pair | None,
) -> str | None:
    """Say by which rule a field is asked for, if it is."""
    rule = instrument.field.get(code) if instrument is not None else None
    if instrument is not None and rule is not None and _demands(rule, truths):
        return f"{instrument.code} {rule.article}"
    if pair is not None and code in pair.extra_fields:
        return f"the profile of {pair.requesting} and {pair.requested}"
    when = field["required"] == "when" and _hold(field["when"], truths)
    always = field["required"] == "always" and not field.get("by_node")
    return str(field["source"]) if when or always else None


def _demands(rule: FieldRule, truths: Truths) -> bool:
    for_kind = not rule.kinds or truths["kinds"] in rule.kinds
    return not rule.known and for_kind and _hold(rule.when, truths)


def _hold(conditions: Mapping[Condition, Any], truths: Truths) -> bool:
    return all(_holds(want, truths[key]) for key, want in conditions.items())


def _holds(want: Any, is_: Any) -> bool:  # noqa: ANN401 - a truth, a code or codes
    if isinstance(want, bool):
        return bool(is_ == want)
    return bool(set(want) & (is_ if isinstance(is_, set) else {is_}))


def _per_measure(
    code: str,
    field: Mapping[str, Any],
    document: Document,
    instrument: Instrument | None,
    pair: Pair | None,
) -> Iterable[Lack]:
    for measure in document.measures:
        truths = facts(document, [measure], instrument)
        source = _asked(code, field, truths, instrument, pair)
        if source and _absent(field, measure):
            yield lack(code, measure=measure.measure_id, source=source)


def _absent(field: Mapping[str, Any], form: Document | Measure) -> bool:
    """An undertaking that is not given is as good as none."""
    value = getattr(form, field["name"])
    return value is None or value == () or (value is False and field["type"] == "undertaking")


def _language(document: Document, pair: Pair | None) -> Iterable[Lack]:
    spoken = document.language
    if pair is None or spoken is None:
        return
    if not {spoken.language, *(each.language for each in spoken.translations)} & set(
        pair.languages
    ):
        told = f"needs a translation into one of: {', '.join(pair.languages)}"
        yield lack("A09", told, source="the languages of the pair; MT 5(2); EIO 5(2)-(3)")
