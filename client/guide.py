"""A request is filled in with a guide: only what its instrument asks for, and nothing twice.

The guide asks for what `completeness` finds missing, the first finding first, until it finds nothing. So an
answer (urgent; interception; a death penalty) brings up the fields that follow from it, and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from client.questions import Questions, Schema, skeleton
from shared.protocol.canonical import Json
from shared.protocol.law import documents, library
from shared.protocol.law.completeness import missing
from shared.protocol.law.pairs import Pair
from shared.protocol.law.schemas import schema
from shared.protocol.law.shapes import Instrument
from shared.protocol.law.soundness import MISSING, Lack

Draft = dict[str, Any]
_FIRST: Final = ("A03", "A05", "G01", "H01")  # on which the rest depends


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """Fills in a draft under one instrument.

    Attributes:
        told: the draft; filled in place.
        instrument: what asks for fields.
        pair: the profile of the two countries, where it is known.
        questions: asks.
        keep: is given the draft after each answer.
        now: RFC 3339, for the date of issue.
    """

    told: Draft
    instrument: Instrument
    pair: Pair | None
    questions: Questions
    keep: Callable[[Mapping[str, Json]], None]
    now: str

    def run(self) -> None:
        """Ask until nothing is missing, then for what else the authority wants to say."""
        for code in _FIRST:
            if library.fields()[code]["name"] not in self.told:
                self._settle(Lack(field=code, title="", measure=None, source=""))
        while lacks := missing(documents.of_json(self.told), self.instrument, self.pair):
            self._settle(lacks[0])
        self._more()

    def _settle(self, lack: Lack) -> None:
        field = library.fields()[lack.field]
        if lack.source:
            self.questions.say("")
            self.questions.say(str(lack) if lack.what != MISSING else f"asked for by {lack.source}")
        if lack.measure is None:
            form, node = self.told, self.questions.form["properties"][field["name"]]
        else:
            form = next(m for m in self.told["measures"] if m["measure_id"] == lack.measure)
            node = self.questions.form["$defs"]["Measure"]["properties"][field["name"]]
            if lack.field == "G02":
                node = _brought(node, form["code"])
        about = f", measure {lack.measure}" if lack.measure else ""
        self._answer(form, node, lack.field, f"{lack.field} {field['title']}{about}")
        self.keep(self.told)

    def _answer(self, form: Draft, node: Schema, code: str, title: str) -> None:
        name = library.fields()[code]["name"]
        if code == "G01":
            form[name] = list(self._measures())
        elif code == "A05":
            article = self.questions.value(_LINE, f"{title}: article of {self.instrument.name}")
            form[name] = [{"instrument": self.instrument.code, "article": article}]
        elif code == "A07":
            self.questions.say(f"{title}: {self.now}")
            form[name] = self.now
        elif code == "K01" and form.get(name):  # an order that is missing goes beside the others
            form[name] = [*form[name], *self.questions.list(node, f"{title}, to be added")]
        else:
            form[name] = self.questions.value(node, title)

    def _measures(self) -> list[Json]:
        """Ask for each measure's code and words; its other fields follow from the code."""
        form = self.questions.form["$defs"]["Measure"]["properties"]
        told: list[Json] = []
        while not told or self.questions.ask("another measure? [y/N] ").strip().lower() == "y":
            code = self.questions.value(form["code"], "G01 Measure")
            words = self.questions.value(form["description"], "what is to be done")
            told.append({"measure_id": f"M{len(told) + 1:02}", "code": code, "description": words})
        return told

    def _more(self) -> None:
        self.questions.say("")
        self.questions.say("Nothing that is asked for is missing.")
        free = {
            code: field
            for code, field in library.fields().items()
            if field["name"] not in self.told and not field.get("per") and not field.get("by_node")
        }
        while code := self.questions.ask("another field (its id, ? for a list, Enter: done): "):
            if code.strip() in free:
                self._settle(Lack(field=code.strip(), title="", measure=None, source=""))
            else:
                for each, field in free.items():
                    self.questions.say(f"  {each} {field['title']}")


def _brought(node: Schema, measure: str) -> Schema:
    """Offer the categories of data that a measure may bring, and those that may be among any."""
    data = library.codes()["data"]
    brings = library.codes()["measure"].get(measure, {"data": ()})["data"] or data
    offered = [
        each
        for each in node["items"]["oneOf"]
        if each["const"] in brings or data[each["const"]].get("across")
    ]
    return {**node, "items": {**node["items"], "oneOf": offered}}


_LINE: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 500}
_COUNTRY: Final[Schema] = {"type": "string", "pattern": "^[A-Z]{2}$"}


def ask_country(told: Draft, *, ask: Callable[[str], str], say: Callable[[str], None]) -> None:
    """Ask to whom the request goes, where the draft does not say."""
    if "to" not in told:
        title = "country that is asked (two letters)"
        told["to"] = Questions(form={}, ask=ask, say=say).value(_COUNTRY, title)


def ask_instrument(
    offered: Sequence[Instrument], *, ask: Callable[[str], str], say: Callable[[str], None]
) -> Instrument:
    """Ask under which instrument it is made."""
    choice = {"oneOf": [{"const": each.code, "title": each.name} for each in offered]}
    code = Questions(form={}, ask=ask, say=say).value(choice, "A05 Instrument")
    return next(each for each in offered if each.code == code)


def blank(instrument: Instrument, kind: str, measure: str) -> Draft:
    """Return a draft to fill in by hand: every field that is asked for, empty.

    Args:
        instrument: what asks for fields.
        kind: of request (A03).
        measure: code of the one measure (G01).
    """
    form = schema(instrument)
    questions = Questions(form=form, ask=lambda _: "", say=lambda _: None)
    one: Draft = {"measure_id": "M01", "code": measure, "description": "to be filled in"}
    basis = [{"instrument": instrument.code, "article": "to be filled in"}]
    told: Draft = {"to": "XX", "request_kind": kind, "legal_basis": basis, "urgency": "ROUTINE"}
    told["measures"] = [one]
    for lack in missing(documents.of_json(told), instrument):
        name = library.fields()[lack.field]["name"]
        into, node = (one, form["$defs"]["Measure"]) if lack.measure else (told, form)
        into[name] = skeleton(questions, node["properties"][name])
    one["description"], basis[0]["article"], told["to"] = "", "", ""
    return told
