"""The form of a request as JSON Schema (2020-12), from the lists that the completeness check reads.

What an instrument asks for is in the schema: always (`required`), or when something holds (`if`/`then`). The
languages of two countries, identifiers and what must agree with each other stay with `completeness`.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from shared.protocol.law import completeness, library
from shared.protocol.law.documents import VERSION, Document
from shared.protocol.law.shapes import Instrument

Schema = dict[str, Any]
When = Mapping[Any, Any]  # condition → a truth, or codes
Rule = tuple[str, Mapping[str, Any], When, str]

_NARROWED: Final[Mapping[str, Schema]] = {
    "undertaking": {"const": True},
    "measures": {"minItems": 1},
}

_LISTS: Final = {  # definition and member that takes a code, and the list it is of
    ("Measure", "code"): "measure",
    ("Measure", "data"): "data",
    ("Offence", "categories"): "offence",
}


def schema(instrument: Instrument | None = None) -> Schema:
    """Return the schema of a request as one instrument wants it, or of what every request must say."""
    made: Schema = _plain(Document.model_json_schema())
    for (definition, member), name in _LISTS.items():
        _choose(made["$defs"][definition]["properties"][member], _titles(name))
    kinds = instrument.request_kinds if instrument is not None else library.codes()["kind"]
    _choose(
        made["properties"]["request_kind"], {kind: library.title("kind", kind) for kind in kinds}
    )
    if instrument is not None:
        codes = {code: library.title("measure", code) for code in instrument.measure}
        _choose(made["$defs"]["Measure"]["properties"]["code"], codes)
    _ask(made, _rules(instrument))
    code = instrument.code if instrument is not None else "any"
    named = instrument.name if instrument is not None else "any instrument"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:rogatory:request:{VERSION}:{code}",
        **made,
        "title": f"Request for mutual legal assistance: {named}",
    }


def _plain(value: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """What is absent is left out, and never null; no field has a default that would be an answer."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _plain(each) for key, each in value.items() if key != "default"}
    choices = [each for each in kept.get("anyOf", ()) if each != {"type": "null"}]
    return {**kept.pop("anyOf", [choices])[0], **kept} if len(choices) == 1 else kept


def _titles(name: str) -> Mapping[str, str]:
    return {code: library.title(name, code) for code in library.codes()[name]}


def _choose(member: Schema, titles: Mapping[str, str]) -> None:
    """Let a member, or each element of a list, be one of these codes, each with what it means."""
    choice = [{"const": code, "title": title} for code, title in titles.items()]
    place = member["items"] if member.get("type") == "array" else member
    place.pop("pattern", None)
    place["oneOf"] = choice


def _ask(made: Schema, rules: Iterable[Rule]) -> None:
    """Put what is always asked for where every reader of a schema looks, and the rest into conditions."""
    made["allOf"] = []
    for code, field, when, source in rules:
        if not when and field["type"] not in _NARROWED:
            form = made["$defs"]["Measure"] if field.get("per") == "measure" else made
            form["required"] = sorted({*form["required"], field["name"]})
        else:
            made["allOf"].append({"$comment": f"{code}: {source}", **_demand(field, when)})


def _rules(instrument: Instrument | None) -> Iterable[Rule]:
    """Give each reason to ask for a field, of this system and of the instrument: when, and who says so."""
    named = instrument.code if instrument is not None else None
    for code, field, when, source in _reasons(instrument):
        if named in when.get("instruments", [named]):
            left = {key: want for key, want in when.items() if key != "instruments"}
            yield code, field, left, source


def _reasons(instrument: Instrument | None) -> Iterable[Rule]:
    for code, field in library.fields().items():
        rule = instrument.field.get(code) if instrument is not None else None
        if instrument is not None and rule is not None and not rule.known:
            kinds: When = {"kinds": rule.kinds} if rule.kinds else {}
            yield code, field, {**rule.when, **kinds}, f"{instrument.code} {rule.article}"
        if field["required"] == "always" and not field.get("by_node"):
            yield code, field, {}, field["source"]
        elif field["required"] == "when":
            yield code, field, field["when"], field["source"]


def _demand(field: Mapping[str, Any], when: When) -> Schema:
    name = field["name"]
    wanted: Schema = {"required": [name]}
    if field["type"] in _NARROWED:
        wanted["properties"] = {name: _NARROWED[field["type"]]}
    if field.get("per") != "measure":
        return _given(when, wanted, _of_document)
    own = {key: want for key, want in when.items() if key in _OF_MEASURE}
    of_one = {"properties": {"measures": {"items": _given(own, wanted, _of_measure)}}}
    return _given({key: when[key] for key in when.keys() - own}, of_one, _of_document)


def _given(when: When, wanted: Schema, fragment: Any) -> Schema:  # noqa: ANN401
    """Ask for something when all conditions hold."""
    held = [_holds(fragment(key), want) for key, want in when.items()]
    return {"if": {"allOf": held}, "then": wanted} if held else wanted


def _holds(fragment: Any, want: Any) -> Schema:  # noqa: ANN401 - a truth or codes; how each is told
    if not isinstance(want, bool):
        told: Schema = fragment(want)
        return told
    return fragment if want else {"not": fragment}


def _member(name: str, of: Schema) -> Schema:
    return {"required": [name], "properties": {name: of}}


def _coded(codes: Collection[str]) -> Schema:
    return _member("code", {"enum": sorted(codes)})


def _declares(categories: Collection[str]) -> Schema:
    return _member("data", {"contains": {"enum": sorted(categories)}})


def _bringing(categories: Collection[str]) -> frozenset[str]:
    known = library.codes()["measure"]
    return frozenset(code for code, each in known.items() if set(each["data"]) & set(categories))


def _coercive() -> Collection[str]:
    return {code for code, each in library.codes()["measure"].items() if each["coercive"]}


def _electronic() -> Schema:
    brings = _bringing(completeness.ELECTRONIC) | {completeness.PRESERVES}
    return {"anyOf": [_coded(brings), _declares(completeness.ELECTRONIC)]}


def _personal() -> Schema:
    return {"anyOf": [_coded(_bringing(library.codes()["data"])), _member("data", {"minItems": 1})]}


def _special() -> Schema:
    """Go by what a measure says it may bring; if it does not, by what measures of its code may."""
    most = completeness.most_sensitive()
    silent = {"allOf": [_coded(_bringing(most)), {"not": {"required": ["data"]}}]}
    return {"anyOf": [_declares(most), silent]}


_OF_MEASURE: Final[Mapping[str, Any]] = {
    "measures": _coded,
    "personal": _personal(),
    "electronic": _electronic(),
    "coercive": _coded(_coercive()),
    "electronic_or_coercive": {"anyOf": [_electronic(), _coded(_coercive())]},
    "stored": _coded(completeness.STORED),
    "special": _special(),
    "identify_only": _coded(completeness.IDENTIFY),
    "service_only": _coded([completeness.SERVICE]),
}


def _of_measure(key: str) -> Any:  # noqa: ANN401 - a fragment, or how to make one
    return _OF_MEASURE[key]


def _of_document(key: str) -> Any:  # noqa: ANN401 - the same
    """What holds of a request if it holds of one of its measures, or of all of them."""
    if key == "measures":
        return lambda codes: _member("measures", {"contains": _coded(codes)})
    if key == "identify_only":
        return {"properties": {"measures": {"items": _OF_MEASURE[key]}}}
    if key == "service_only":
        return _member("measures", {"minItems": 1, "items": _OF_MEASURE[key]})
    if key in _OF_MEASURE:
        return _member("measures", {"contains": _OF_MEASURE[key]})
    return _OF_DOCUMENT[key]


_JUDICIAL: Final = _member("issuing_authority", _member("level", {"enum": ["P", "J"]}))
_EMERGENCY: Final = _member("urgency", {"const": "EMERGENCY"})
_OF_DOCUMENT: Final[Mapping[str, Any]] = {
    "kinds": lambda codes: _member("request_kind", {"enum": sorted(codes)}),
    "urgency": lambda codes: _member("urgency", {"enum": sorted(codes)}),
    "judicial": _JUDICIAL,
    "unvalidated": {
        "allOf": [_EMERGENCY, {"not": _JUDICIAL}, {"not": {"required": ["validating_authority"]}}]
    },
    "to_filter": {
        "anyOf": [
            _member("sensitive_persons", _member("privileged", {"minItems": 1})),
            _member("measures", {"contains": _coded(completeness.SEARCHES)}),
        ]
    },
    "death_penalty": _member("penalties", _member("death_penalty", {"const": True})),
    "listed": _member("listed_category", {"const": True}),
}
