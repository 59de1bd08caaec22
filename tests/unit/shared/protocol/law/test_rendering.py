"""A request as a page: every field has its box, and nothing an authority wrote becomes part of the page."""

from html.parser import HTMLParser
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from deploy.case_draft import DRAFT as CASE
from services.exchange.routes.told_request import DRAFT
from shared.protocol.law import forms, library
from shared.protocol.law.completeness import missing
from shared.protocol.law.instruments import packed
from shared.protocol.law.rendering import render
from tests.unit.shared.protocol.law.requests import document, full, without

HOSTILE = "</bdi></dd><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\"'"


class Page(HTMLParser):
    """What a browser would see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.written: list[str] = []
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    @override
    def handle_data(self, data: str) -> None:
        self.written.append(data)

    @property
    def text(self) -> str:
        return "".join(self.written)


TAGS = {
    "html", "head", "meta", "title", "style", "body", "h1", "p", "section", "h2", "b", "h3",
    "dl", "dt", "dd", "ul", "li", "bdi",
}  # fmt: skip


def texts(value: Any) -> list[str]:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    return [value] if isinstance(value, str) else []


def test_every_field_stands_in_one_box() -> None:
    boxes = library.boxes()
    placed = [code for box in boxes["box"] for code in box["fields"]] + boxes["measure"]["fields"]
    assert sorted(placed) == sorted(library.fields())


def test_every_code_of_the_form_has_words() -> None:
    lists = [forms.Urgency, forms.UrgencyReason, forms.Channel, forms.Proceedings, forms.Stage]
    lists += [forms.Nature, forms.IdentifierKind]
    codes = {code for each in lists for code in get_args(each)}
    for form in (forms.Previous, forms.Authority, forms.Person, forms.Confidentiality):
        codes |= {
            code for field in form.model_fields.values() for code in get_args(field.annotation)
        }
    codes |= set(get_args(forms.SubjectNotice.model_fields["rule"].annotation))
    codes |= set(get_args(forms.TransferBasis.model_fields["gateway"].annotation))
    assert {each for each in codes if isinstance(each, str)} <= library.boxes()["words"].keys()


@pytest.mark.parametrize("draft", [DRAFT, CASE, full("MEA-07"), full("MEA-19", "EIO")])
def test_the_page_has_everything_that_was_written(draft: dict[str, Any]) -> None:
    page = Page(render(document(draft)))
    for code, field in library.fields().items():
        if field["name"] in draft and code != "G01":
            assert f"{code} {field['title']}" in page.text
    coded = library.boxes()["words"].keys()
    for text in texts(draft):
        assert text in page.text or text in coded
    assert page.tags == TAGS


def test_a_box_without_anything_is_there_all_the_same() -> None:
    page = Page(render(document({"to": "QN"})))
    assert page.text.count("—") == len(library.boxes()["box"])
    assert "Earlier preservation" in page.text


def test_the_page_names_the_request_and_its_digest() -> None:
    page = render(document(DRAFT | {"request_id": "R7", "from": "QM"}))
    assert "R7 · QM to QN · SHA-256 " in page
    assert page != render(document(DRAFT | {"request_id": "R8", "from": "QM"}))


def test_the_heading_says_what_kind_of_request_it_is() -> None:
    assert "<h1>Request for mutual legal assistance to QN</h1>" in render(document(DRAFT))
    kept = DRAFT | {"request_kind": "PRESERVATION"}
    assert "<h1>Expedited preservation of stored data to QN</h1>" in render(document(kept))
    assert "<h1>Request to QN</h1>" in render(document(DRAFT | {"request_kind": "LETTER"}))


def test_what_is_missing_stands_first() -> None:
    told = document(without(DRAFT, "J01"))
    page = Page(render(told, missing(told, packed("BUD"))))
    assert page.text.index("not complete") < page.text.index("Date")
    assert "J01 Undertaking: use for the stated purpose only is missing [BUD 28(2)(b)" in page.text


def test_a_code_has_its_meaning() -> None:
    text = Page(render(document(CASE))).text
    assert "M01: stored content data (MEA-07)" in text
    assert "computer-related fraud (OFF-B08)" in text
    assert "between central authorities" in text


def test_what_looks_like_a_page_is_text() -> None:
    page = Page(render(document(DRAFT | {"facts": HOSTILE, "own_references": [HOSTILE]})))
    assert page.tags == TAGS
    assert page.text.count(HOSTILE) == 2
    assert page.attributes == {"charset", "http-equiv", "content", "lang", "class"}


@given(text=st.text(min_size=1, max_size=200))
@settings(max_examples=25, deadline=None)
def test_no_text_becomes_part_of_the_page(text: str) -> None:
    """Past the shapes of the form, too: a page is also made of what is looked at before it is accepted."""
    told = document(DRAFT).model_copy(update={"facts": text, "purpose": text})
    page = Page(render(told))
    assert page.tags == TAGS
    assert page.attributes == {"charset", "http-equiv", "content", "lang", "class"}
