"""Answer a question by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from client.errors import UsageError
from client.oversight.counting.lists import QuestionList, is_told, lists
from client.oversight.counting.questions import legality, machine, partners, process, use
from client.oversight.counting.questions.asking import Asked, Found, Query
from shared.protocol.canonical import Json

QUERIES: Final[Mapping[str, Query]] = {
    **process.QUERIES,
    **legality.QUERIES,
    **use.QUERIES,
    **partners.QUERIES,
    **machine.QUERIES,
}
_UNTOLD: Final = (
    "These logs have no entry of the types that this is answered from; that is not a no."
)
_UNNAMED: Final = "Names need openings: rogatory audit export --openings, then --openings FILE."


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A question and what was found; `notes` say what the logs do not tell."""

    question: QuestionList
    found: Found
    notes: Sequence[str]

    def to_json(self) -> dict[str, Json]:
        """Give it for programs."""
        return {
            "question": self.question.id,
            "asks": self.question.asks,
            "answer": self.found.says,
            "sources": [*self.question.events],
            "columns": [*self.found.columns],
            "rows": [[*row] for row in self.found.rows],
            "notes": [*self.notes],
        }

    def lines(self) -> Iterator[str]:
        """Write it for people."""
        yield f"{self.question.id}  {self.question.asks}"
        yield f"     {self.found.says}"
        table = [self.found.columns, *self.found.rows] if self.found.rows else []
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for row in table:
            cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
            yield f"     {'  '.join(cells)}".rstrip()
        if self.question.events:
            yield f"     From: {', '.join(self.question.events)}."
        yield from (f"     {note}" for note in self.notes)


def answer(name: str, asked: Asked) -> Answer:
    """Answer one question.

    Raises:
        UsageError: there is no such question.
    """
    question = lists().questions.get(name.upper())
    if question is None:
        raise UsageError(
            f"there is no question {name}",
            code="no_such_question",
            next_step=f"ask one of {', '.join(lists().questions)}",
        )
    found = QUERIES[question.id](asked)
    return Answer(question=question, found=found, notes=[*_notes(question, asked), *found.notes])


def _notes(question: QuestionList, asked: Asked) -> Iterator[str]:
    if question.events and not is_told(asked.read.docket.kinds(), question.events):
        yield _UNTOLD
    if question.people and not asked.people.opened:
        yield _UNNAMED
    if question.beyond:
        yield question.beyond
