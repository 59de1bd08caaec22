"""Profiles of pairs as the laboratory has them, changed line by line; and how two agree on them."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from deploy.agreements import FOLDER
from shared.protocol.agreements import PairName
from tests.federated import Repository, document


def text(pair: str = "QM-QN", /, *changes: tuple[str, str], more: str = "") -> bytes:
    """Write a profile; each change replaces words that must stand there."""
    written = (FOLDER / f"{pair}.toml").read_text()
    for old, new in changes:
        assert old in written, old
        written = written.replace(old, new, 1)
    return (written + more).encode()


def without(content: bytes, *tables: str) -> bytes:
    """Take tables out of a profile."""
    written = content.decode()
    for table in tables:
        written, found = re.subn(rf"(?ms)^\[{table}\]\n.*?(?=^\[|\Z)", "", written)
        assert found, table
    return written.encode()


def named(content: bytes, pair: str = "QM-QN", *pinned: bytes) -> PairName:
    """Name a profile as a document does."""
    requesting, requested = pair.split("-")
    return PairName(
        requesting=requesting,
        requested=requested,
        sha256=hashlib.sha256(content).hexdigest(),
        instruments=tuple(hashlib.sha256(each).hexdigest() for each in pinned),
    )


def told(names: Sequence[PairName]) -> list[Any]:
    """Write names as a document does."""
    return [name.model_dump(mode="json", exclude_defaults=True) for name in names]


def place(repository: Repository, name: PairName, *contents: bytes) -> None:
    """Put the files of a profile where the directory serves them."""
    folder = repository.folder / "targets" / "pairs"
    folder.mkdir(exist_ok=True)
    for path, content in zip(name.paths, contents, strict=True):
        (repository.folder / "targets" / path).write_bytes(content)


def agree(
    repository: Repository,
    *names: PairName,
    countries: Sequence[str] = ("QM", "QN"),
    **changes: Any,  # noqa: ANN401 - any JSON
) -> None:
    """Publish the documents of these countries, all naming the same."""
    for country in countries:
        repository.publish(document(country, pairs=told(names), **changes))
