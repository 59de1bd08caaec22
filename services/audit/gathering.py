"""Do together what several threads ask for at the same moment: one commit, one look, for all of them.

Whoever comes first does what has gathered until then; who comes meanwhile waits, and the next of these
does it for all who wait. Alone, nobody waits for anybody.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

MOST = 4096  # items of all who are served at once; SQLite takes 32,766 parameters in a statement


@dataclass(slots=True)
class _Ticket(Generic[T, R]):
    items: Sequence[T]
    answer: R | None = None
    error: BaseException | None = None
    done: bool = False


class Gathering(Generic[T, R]):
    """Where threads meet; the work itself comes with the call, and is the same for all."""

    def __init__(self) -> None:
        self._waiting: list[_Ticket[T, R]] = []
        self._lock = threading.Lock()  # of the list
        self._turn = threading.Lock()  # of who works

    def share(
        self, items: Sequence[T], work: Callable[[Sequence[Sequence[T]]], Sequence[R | Exception]]
    ) -> R:
        """Have `items` dealt with, by this thread or by another.

        Args:
            items: what is asked for, never empty.
            work: deals with what several threads asked for; its answers are in the same order, and an
                exception among them is for that one thread. What it raises is for all.
        """
        ticket = _Ticket[T, R](items)
        with self._lock:
            self._waiting.append(ticket)
        with self._turn:
            while not ticket.done:
                self._serve(work)
        if ticket.error is not None:
            raise ticket.error
        assert ticket.answer is not None
        return ticket.answer

    def _serve(self, work: Callable[[Sequence[Sequence[T]]], Sequence[R | Exception]]) -> None:
        group = self._next()
        try:
            answers = work([each.items for each in group])
        except Exception as error:  # noqa: BLE001 - it is raised again, in every thread that asked
            answers = [error] * len(group)
        for ticket, answer in zip(group, answers, strict=True):
            if isinstance(answer, Exception):
                ticket.error = answer
            else:
                ticket.answer = answer
            ticket.done = True

    def _next(self) -> list[_Ticket[T, R]]:
        """Take who came first, as many as are dealt with at once, and one at least."""
        with self._lock:
            count = total = 0
            for each in self._waiting:
                total += len(each.items)
                if count and total > MOST:
                    break
                count += 1
            group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group
