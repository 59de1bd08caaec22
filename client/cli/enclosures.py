"""Papers beside a request, orders and translations: is this file one of those that it names by digest?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from client.errors import unreadable
from shared.protocol.canonical import Json
from shared.protocol.law.documents import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file, and what the request calls it; None: the request names no such paper."""

    file: Path
    sha256: str
    title: str | None

    def to_json(self) -> dict[str, Json]:
        """Give it as an object."""
        return {"file": str(self.file), "sha256": self.sha256, "title": self.title}

    @override
    def __str__(self) -> str:
        """Say it in a line."""
        about = (
            f"is: {self.title}" if self.title else "is none of the papers that the request names"
        )
        return f"  {self.file} {about} (SHA-256 {self.sha256})"


def compare(document: Document, files: Sequence[Path]) -> list[Enclosure]:
    """Compare files with the papers that a request names.

    Raises:
        UsageError: a file cannot be read.
    """
    named = dict(_named(document))
    return [
        Enclosure(file=file, sha256=digest, title=named.get(digest))
        for file in files
        for digest in [_digest(file)]
    ]


def _named(document: Document) -> Iterator[tuple[str, str]]:
    """Give each digest with the name of its paper; what an order is called goes before its title."""
    spoken = document.language
    for each in (*(document.attachments or ()), *(spoken.translations if spoken else ())):
        yield each.sha256, each.title
    for order in document.orders or ():
        yield order.sha256, f"{order.type} {order.number}, {order.court}, {order.date}"


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(file, error) from error
