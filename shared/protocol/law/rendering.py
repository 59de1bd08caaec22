"""A request as a page for people: numbered boxes, as in the Council of Europe's templates.

The page is made of the document alone, and stands alone: no script, nothing is fetched. Whatever an authority
wrote is text, in its own direction, and can never become part of the page. The document counts, not the page:
its digest is on it.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from pydantic import BaseModel

from shared.protocol import canonical
from shared.protocol.digests import sha256
from shared.protocol.law import library
from shared.protocol.law.documents import Document, Measure, sent
from shared.protocol.law.soundness import Lack

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE: Final = """
@page { size: A4; margin: 18mm 16mm 20mm;
  @bottom-left { content: string(which); font: 8pt sans-serif }
  @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif } }
body { font: 10pt/1.4 sans-serif; max-width: 50rem; margin: 1rem auto; padding: 0 1rem; color: #111 }
h1 { font-size: 15pt; margin: 0 0 .3rem } .which { string-set: which content(); font-size: 8pt; color: #444 }
section { border: 1px solid #555; margin: 0 0 .6rem }
h2 { background: #e4e9f0; border-bottom: 1px solid #555; font-size: 10pt; margin: 0; padding: .2rem .5rem;
  break-after: avoid } h2 b { display: inline-block; min-width: 2rem }
h3 { font-size: 10pt; margin: .6rem 0 .2rem }
section > * { margin-left: .5rem; margin-right: .5rem } section > h2 { margin: 0 }
dt { font-size: 8pt; color: #444; margin-top: .35rem } dd { margin: 0 0 .3rem }
dl dl { border-left: 2px solid #bbc; padding-left: .6rem; margin: .1rem 0 .3rem;
  display: grid; grid-template-columns: 8rem 1fr; gap: 0 .6rem } dl dl dt { margin-top: .1rem }
bdi { white-space: pre-wrap; overflow-wrap: anywhere } ol, ul { margin: .1rem 0; padding-left: 1.4rem }
.none { color: #666; margin: .3rem .5rem } .lacks { border: 2px solid #a00 } .lacks h2 { background: #f6dddd }
"""
_LISTS: Final = {"request_kind": "kind", "code": "measure", "data": "data", "categories": "offence"}


def render(document: Document, lacks: Sequence[Lack] = ()) -> str:
    """Return the page (HTML) of a request, with what it still lacks before everything else.

    Args:
        document: the request, or a draft of one.
        lacks: what `completeness.missing` found.
    """
    title = f"{_kind(document)} to {document.to}"
    asked = f"{document.sender} to {document.to}" if document.sender else f"draft to {document.to}"
    which = f"{document.request_id or 'without a number'} · {asked} · SHA-256 {_digest(document)}"
    return "".join(
        [
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>",
            f'<h1>{escape(title)}</h1>\n<p class="which">{escape(which)}</p>\n',
            *_lacking(lacks),
            *(
                _box(number, box["title"], list(_shown(document, box["fields"])))
                for number, box in enumerate(library.boxes()["box"], 1)
            ),
            "</body></html>\n",
        ]
    )


def _kind(document: Document) -> str:
    """Say what kind of request it is, as a heading does."""
    words = library.codes()["kind"].get(document.request_kind or "MLA", "request")
    return str(words)[0].upper() + str(words)[1:]


def _digest(document: Document) -> str:
    whole = sent(document, request_id=document.request_id or "", sender=document.sender or "")
    return sha256(canonical.encode(whole)).hex()


def _lacking(lacks: Sequence[Lack]) -> Iterable[str]:
    if lacks:
        told = "".join(f"<li><bdi>{escape(str(each))}</bdi></li>" for each in lacks)
        yield f'<section class="lacks"><h2>This request is not complete</h2><ul>{told}</ul></section>\n'


def _box(number: int, title: str, shown: Sequence[str]) -> str:
    inside = "".join(shown) or '<p class="none">—</p>'
    return f"<section><h2><b>{number}</b>{escape(title)}</h2>{inside}</section>\n"


def _shown(form: Document | Measure, fields: Sequence[str]) -> Iterable[str]:
    for code in fields:
        field = library.fields()[code]
        value = getattr(form, field["name"])
        if code == "G01":
            yield from map(_measure, value)
        elif value is not None:
            titled = f"{code} {field['title']}"
            yield f"<dl>{_entry(titled, field['name'], value)}</dl>"


def _measure(measure: Measure) -> str:
    head = f"{measure.measure_id}: {_word('code', measure.code)}"
    told = _value("description", measure.description)
    parts = "".join(_shown(measure, library.boxes()["measure"]["fields"]))
    return f"<h3>{escape(head)}</h3><p>{told}</p>{parts}"


def _entry(title: str, name: str, value: Any) -> str:  # noqa: ANN401 - any field's value
    return f"<dt>{escape(title)}</dt><dd>{_value(name, value)}</dd>"


def _value(name: str, value: Any) -> str:  # noqa: ANN401 - any field's value
    if isinstance(value, BaseModel):
        return f"<dl>{_members(value)}</dl>"
    if isinstance(value, tuple):
        return f"<ul>{''.join(f'<li>{_value(name, each)}</li>' for each in value)}</ul>"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"<bdi>{escape(_word(name, str(value)))}</bdi>"


def _members(form: BaseModel) -> str:
    """Show what a form holds, in its own order; what is absent is left out."""
    held: Mapping[str, Any] = {name: getattr(form, name) for name in type(form).model_fields}
    return "".join(
        _entry(_called(form, name), name, value)
        for name, value in held.items()
        if value is not None and value != ()
    )


def _called(form: BaseModel, name: str) -> str:
    return (type(form).model_fields[name].alias or name).replace("_", " ")


def _word(name: str, value: str) -> str:
    """Say what a code means, with the code; any other value is as it was written."""
    listed = library.codes().get(_LISTS.get(name, ""), {})
    if value in listed:
        return f"{library.title(_LISTS[name], value)} ({value})"
    return str(library.boxes()["words"].get(value, value)) if name in _CODED else value


_CODED: Final = frozenset(
    {
        "urgency", "urgency_reasons", "channel", "proceedings", "stage", "nature", "kind", "relation",
        "level", "role", "privileged", "scope", "rule", "gateway",
    }
)  # fmt: skip
