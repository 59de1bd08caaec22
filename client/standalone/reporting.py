"""How the verifier speaks: what holds, what does not and where, what it cannot check."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from client.standalone.forms import Flaw

NOT_CHECKED = "not checked here"


class Report:
    """The checks as they are made; each is told at once."""

    def __init__(self) -> None:
        self.failed = 0
        self.unchecked: list[str] = []
        self._flaws: list[str] = []

    @contextmanager
    def check(self, title: str) -> Iterator[list[str]]:
        """Make one check: what is put into the list is told of it if it holds."""
        self._flaws, said = [], list[str]()
        with self.object(""):
            yield said
        self.failed += bool(self._flaws)
        head = "FAILED " if self._flaws else "ok     "
        sys.stdout.write(f"{head} {title}{': ' if said else ''}{', '.join(said)}\n")
        for flaw in self._flaws[:20]:
            sys.stdout.write(f"         {flaw}\n")
        if len(self._flaws) > 20:
            sys.stdout.write(f"         and {len(self._flaws) - 20} more\n")

    @contextmanager
    def object(self, place: str) -> Iterator[None]:
        """Look at one object within a check; its flaw does not stop the look at others."""
        try:
            yield
        except Flaw as flaw:
            self._flaws.append(f"{place}: {flaw}" if place else str(flaw))
        except (KeyError, ValueError, TypeError, AttributeError, IndexError):
            self._flaws.append(
                f"{place}: it is not in the form that it must have".removeprefix(": ")
            )

    def leave(self, title: str, why: str) -> None:
        """Tell what is not checked."""
        self.unchecked.append(title)
        sys.stdout.write(f"-       {title}: {NOT_CHECKED}; {why}\n")

    def verdict(self) -> int:
        """Say what it comes to; give the exit code."""
        if self.failed:
            sys.stdout.write(f"NOT verified: {self.failed} checks failed.\n")
            return 3
        rest = f" Not checked here: {'; '.join(self.unchecked)}." if self.unchecked else ""
        sys.stdout.write(f"Everything that was checked holds.{rest}\n")
        return 0


class Folder:
    """The files of an export."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str) -> bytes:
        """Read a file; a Flaw if there is none."""
        try:
            return (self.path / name).read_bytes()
        except OSError:
            raise Flaw(f"{name} is missing") from None

    def text(self, name: str) -> str:
        """Read a file of text."""
        try:
            return self.read(name).decode()
        except UnicodeDecodeError:
            raise Flaw(f"{name} is not text") from None

    def names(self, below: str = "") -> list[str]:
        """Name the files, all or those below a folder; a link is none, it may lead out of here."""
        start = self.path / below
        found = (each for each in start.rglob("*") if each.is_symlink() or not each.is_dir())
        return sorted(each.relative_to(self.path).as_posix() for each in found)
