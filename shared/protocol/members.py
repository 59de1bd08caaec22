"""Typed access to the members of a JSON object that has exactly the expected names."""

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeVar

from shared.protocol.canonical import Json
from shared.protocol.errors import FormatError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Members:
    """The members of an object; each reader refuses a value of another type."""

    value: dict[str, Json]

    def text(self, name: str) -> str:
        """A text."""
        value = self.value[name]
        if not isinstance(value, str):
            raise FormatError("this member is a text", member=name)
        return value

    def match(self, name: str, grammar: re.Pattern[str]) -> str:
        """A text within a grammar."""
        return matched(self.text(name), grammar)

    def maybe(self, read: Callable[[str], T], name: str) -> T | None:
        """A text as `read` takes it, or null."""
        return None if self.value[name] is None else read(self.text(name))

    def number(self, name: str) -> int:
        """A number that is not negative."""
        value = self.value[name]
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise FormatError("this member is a number that is not negative", member=name)
        return value

    def maybe_number(self, name: str) -> int | None:
        """A number that is not negative, or null."""
        return None if self.value[name] is None else self.number(name)


def members_of(value: Json, names: AbstractSet[str]) -> Members:
    """The members of a value that is an object with these names and no others.

    Raises:
        FormatError: it is something else.
    """
    if not isinstance(value, dict) or value.keys() != names:
        raise FormatError("this is not an object with the members of its version")
    return Members(value)


def matched(text: str, grammar: re.Pattern[str]) -> str:
    """The text, where it is within the grammar.

    Raises:
        FormatError: it is not.
    """
    if not grammar.fullmatch(text):
        raise FormatError("a member is outside its grammar")
    return text
