"""Read a profile in TOML, and tell every mistake in it with its line (spec/law.md, 3 and 4)."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from shared.protocol.errors import FormatError
from shared.protocol.law.lines import Place, index, line_of
from shared.protocol.law.shapes import Shape

Profile = TypeVar("Profile", bound=Shape)
Meaning = tuple[Place, str]  # where, and what is wrong

_WORDS: Final = {"extra_forbidden": "there is no such key here", "missing": "this key is missing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One mistake: the line it stands in, what it is about, what is wrong."""

    line: int
    place: str
    what: str


class ProfileError(FormatError):
    """A profile cannot be used; `flaws` says why, in the order of its lines."""

    code = "bad_profile"

    def __init__(self, flaws: Iterable[Flaw]) -> None:
        self.flaws = tuple(sorted(flaws, key=lambda flaw: (flaw.line, flaw.place)))
        first = self.flaws[0]
        super().__init__(f"line {first.line}: {first.place}: {first.what}", flaws=len(self.flaws))


def read_shape(shape: type[Profile], text: bytes) -> tuple[Profile, Mapping[Place, int]]:
    """Read a profile (TOML, UTF-8) of one shape; return it, and in which line each part stands.

    Raises:
        ProfileError: it has not that shape; each mistake is told.
    """
    document, places = _parse(text)
    try:
        return shape.model_validate(document), places
    except ValidationError as error:
        raise ProfileError(_shapes(error, places)) from error


def check_meanings(meanings: Iterable[Meaning], places: Mapping[Place, int]) -> None:
    """Tell what has the right shape and no meaning.

    Raises:
        ProfileError: there is something.
    """
    if flaws := [flaw_at(places, place, what) for place, what in meanings]:
        raise ProfileError(flaws)


def each_known(
    place: Place, used: Iterable[str], known: Iterable[str], what: str
) -> Iterable[Meaning]:
    """Tell which of the codes that are used nobody knows."""
    allowed = set(known)
    for code in used:
        if code not in allowed:
            yield place, f"there is no {what} {code}"


def _parse(text: bytes) -> tuple[dict[str, Any], Mapping[Place, int]]:
    try:
        written = text.decode()
        return tomllib.loads(written), index(written)
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise ProfileError([Flaw(line=line, place="file", what="this is not UTF-8")]) from error
    except tomllib.TOMLDecodeError as error:
        raise ProfileError([_syntax(error)]) from error
    except (RecursionError, ValueError) as error:
        # What the reader itself cannot hold: a thousand brackets, a number of five thousand digits.
        beyond = Flaw(
            line=1, place="file", what="no profile is nested so deeply, or has such numbers"
        )
        raise ProfileError([beyond]) from error


def _syntax(error: tomllib.TOMLDecodeError) -> Flaw:
    """Take the line out of the reader's own words; it has them in no other form before Python 3.14."""
    what, _, where = str(error).partition(" (at line ")
    number = where.partition(",")[0]
    return Flaw(
        line=int(number) if number.isdigit() else 1, place="file", what=f"this is not TOML: {what}"
    )


def _shapes(error: ValidationError, places: Mapping[Place, int]) -> list[Flaw]:
    return [
        flaw_at(
            places,
            flaw["loc"],
            _WORDS.get(flaw["type"], flaw["msg"].removeprefix("Value error, ")),
        )
        for flaw in error.errors(include_url=False, include_context=False)
    ]


def flaw_at(places: Mapping[Place, int], place: Place, what: str) -> Flaw:
    """Say in which line something stands that is wrong."""
    named = ".".join(str(part) for part in place) or "file"
    return Flaw(line=line_of(places, place), place=named, what=what)
