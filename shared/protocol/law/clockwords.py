"""The words that deadlines are written with: starts, duties and what a miss brings about (`clocks.toml`)."""

from datetime import date
from functools import cache
from typing import Annotated, Literal

from pydantic import Field

from shared.protocol.law import library
from shared.protocol.law.shapes import Many, Missed, Shape, Words

Side = Literal["requesting", "requested", "provider", "person"]
Per = Literal["request", "measure", "package", "preservation", "person", "note", "incident"]


class Start(Shape):
    """From what a clock starts: acts of the lifecycle; `again`: acts or words that start it anew.

    `states`: the act may say itself when it ends, and then that counts.
    """

    title: Words
    acts: Many = ()
    again: Many = ()
    states: bool = False


class Kind(Shape):
    """What a clock is about: whose duty, per what, and what ends it.

    `again`: acts that begin it once more, whatever it starts from. `lasts`: no duty but a time that
    runs out (a preservation, an appeal). `outlives`: it goes on when what it is about has come to its
    end; `beyond`: in these of its last states alone.
    """

    title: Words
    by: Side
    per: Per
    ends: Many
    again: Many = ()
    beyond: Many = ()
    lasts: bool = False
    outlives: bool = False


class Over(Shape):
    """The states in which a measure, or a request, has come to its end."""

    states: Many


class Vocabulary(Shape):
    """The words that deadlines are written with (`clocks.toml`)."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    revision: date
    starts: dict[str, Start]
    duty: dict[str, Kind]
    effect: dict[Missed, Side]
    over: Over


@cache
def vocabulary() -> Vocabulary:
    """Return the words that come with this release."""
    return Vocabulary.model_validate(library.table("clocks.toml"))
