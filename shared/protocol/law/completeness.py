"""What a request still lacks: by field, with the article that asks for it (gate G02)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.protocol.law import library
from shared.protocol.law.pairs import Pair
from shared.protocol.law.shapes import Instrument

_ELECTRONIC = frozenset({"DC-SUB", "DC-IDN", "DC-DOM", "DC-TRF", "DC-CNT", "DC-RTI"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A field that is not there: its id, title, the measure it is about, and who asks for it."""

    field: str
    title: str
    measure: str | None
    source: str


def missing(document: Any, instrument: Instrument, pair: Pair) -> Sequence[Missing]:  # noqa: ANN401
    """List what a document lacks under an instrument between two countries.

    Args:
        document: a `documents.Document`.
        instrument: the one its legal basis names.
        pair: the profile of the two countries.
    """
    found: list[Missing] = []
    truths = facts(document, instrument)
    for code, field in library.fields().items():
        asked = _asked(code, field, truths, instrument, pair)
        if asked is None:
            continue
        if field.get("per") == "measure":
            found += _per_measure(code, field, asked, document)
        elif _absent(getattr(document, field["name"], None)):
            found.append(Missing(field=code, title=field["title"], measure=None, source=asked))
    if not _spoken(document, pair):
        source = "the languages of the pair; " + library.fields()["A09"]["source"]
        found.append(Missing(field="A09", title="Translation", measure=None, source=source))
    return found


def facts(document: Any, instrument: Instrument) -> Mapping[str, Any]:  # noqa: ANN401
    """Derive what the conditions of `fields.toml` speak of."""
    codes = [measure.code for measure in document.measures]
    known = [
        library.codes()["measure"][code] for code in codes if code in library.codes()["measure"]
    ]
    data = {category for measure in known for category in measure["data"]}
    electronic = bool(data & _ELECTRONIC) or "MEA-01" in codes
    coercive = any(measure["coercive"] for measure in known)
    penalties, flags = document.penalties, document.sensitive_persons
    return {
        "kinds": document.request_kind,
        "urgency": document.urgency,
        "measures": codes,
        "instruments": instrument.code,
        "personal": bool(data),
        "electronic": electronic,
        "electronic_or_coercive": electronic or coercive,
        "coercive": coercive,
        "stored": bool({"MEA-06", "MEA-07", "MEA-13"} & set(codes)),
        "identify_only": set(codes) <= {"MEA-03", "MEA-04", "MEA-05"},
        "service_only": set(codes) == {"MEA-19"},
        "unvalidated": document.validation_due is not None,
        "judicial": document.issuing_authority is not None
        and document.issuing_authority.level != "A",
        "privileged": flags is not None and bool(flags.privileged),
        "death_penalty": penalties is not None and penalties.death_penalty,
        "emergency_oral": document.urgency == "EMERGENCY" and document.oral_first is not None,
        "listed": bool(document.listed_category),
        "special": any(library.codes()["data"][each].get("special") for each in data),
    }


def _asked(
    code: str,
    field: Mapping[str, Any],
    truths: Mapping[str, Any],
    instrument: Instrument,
    pair: Pair,
) -> str | None:
    """Say by which rule a field is asked for, if it is."""
    rule = instrument.field.get(code)
    if rule is not None and not rule.known and (not rule.kinds or truths["kinds"] in rule.kinds):
        return f"{instrument.code} {rule.article}"
    if code in pair.extra_fields:
        return f"the profile of {pair.requesting} and {pair.requested}"
    when = field["required"] == "when" and all(
        _holds(key, want, truths) for key, want in field["when"].items()
    )
    return str(field["source"]) if when or field["required"] == "always" else None


def _holds(key: str, want: Any, truths: Mapping[str, Any]) -> bool:  # noqa: ANN401
    is_ = truths[key]
    if not isinstance(want, list):
        return bool(is_ == want)
    return bool(set(want) & (set(is_) if isinstance(is_, list) else {is_}))


def _per_measure(
    code: str, field: Mapping[str, Any], asked: str, document: Any
) -> Iterable[Missing]:
    only = set(field.get("when", {}).get("measures", ()))
    for measure in document.measures:
        if (not only or measure.code in only) and _absent(getattr(measure, field["name"], None)):
            yield Missing(
                field=code, title=field["title"], measure=measure.measure_id, source=asked
            )


def _absent(value: Any) -> bool:  # noqa: ANN401
    return value is None or value == () or value is False


def _spoken(document: Any, pair: Pair) -> bool:  # noqa: ANN401
    spoken = document.language
    if spoken is None or spoken.language in pair.languages:
        return True
    return any(translation.language in pair.languages for translation in spoken.translations)
