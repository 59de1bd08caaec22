"""Pages as PDF, through WeasyPrint: an extra that a command line without reports does not need."""

from __future__ import annotations

from client.errors import UsageError


def to_pdf(page: str) -> bytes:
    """Set a page (HTML that stands alone) as PDF.

    Raises:
        UsageError: the extra is not installed; says how to install it, and what to do without.
    """
    try:
        from weasyprint import HTML, URLFetcher  # noqa: PLC0415 - an extra; half a second to load
    except (ImportError, OSError) as error:  # OSError: a library of the system is missing
        raise UsageError(
            "PDF needs WeasyPrint, which is not installed here",
            code="no_pdf",
            next_step="install rogatory[pdf], or write --html and print it from a browser",
        ) from error
    # A page stands alone: whatever it names elsewhere is left out.
    document = HTML(string=page, url_fetcher=URLFetcher(allowed_protocols=())).write_pdf()
    assert isinstance(document, bytes)
    return document
