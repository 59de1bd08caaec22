"""A page becomes a PDF, fetches nothing, and says what to do where it cannot."""

import sys

import pytest

from client.errors import UsageError
from client.printing import to_pdf


def test_a_page_is_set() -> None:
    assert to_pdf("<p>A request</p>").startswith(b"%PDF-")


def test_nothing_is_fetched(caplog: pytest.LogCaptureFixture) -> None:
    page = (
        '<img src="https://elsewhere.example/seen"><link rel=stylesheet href="file:///etc/passwd">'
    )
    assert to_pdf(page).startswith(b"%PDF-")
    assert "disallowed protocol" in caplog.text


def test_without_the_extra_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(UsageError) as refused:
        to_pdf("<p></p>")
    assert refused.value.code == "no_pdf"
    assert "rogatory[pdf]" in (refused.value.next_step or "")
