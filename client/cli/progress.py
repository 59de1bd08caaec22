"""Progress on stderr: a bar on a terminal, else a line for every ten per cent."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from client.cli.terminal import Terminal

STEP = 10  # per cent


@contextmanager
def bar(terminal: Terminal, title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how much of `total` bytes is done; the function given is told of each part."""
    if terminal.quiet or not total:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _rich() as progress:
            task = progress.add_task(title, total=total)
            yield lambda count: progress.advance(task, count)
    else:
        yield _Lines(terminal, title, total).advance


def _rich() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,  # answers go to stdout whatever stderr is
        redirect_stderr=False,
    )


class _Lines:
    """A line whenever another ten per cent are done; told from several threads."""

    def __init__(self, terminal: Terminal, title: str, total: int) -> None:
        self.terminal, self.title, self.total = terminal, title, total
        self.done = self.told = 0
        self.lock = Lock()

    def advance(self, count: int) -> None:
        with self.lock:
            self.done += count
            percent = min(100, 100 * self.done // self.total) // STEP * STEP
            if percent > self.told:
                self.told = percent
                self.terminal.say(f"{self.title}: {percent} %")
