"""A form, question by question: what a person answers becomes what the form's JSON Schema wants.

Each answer is held against the form as it is given: nobody learns at the end what was wrong at the beginning.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from client.errors import UsageError
from shared.protocol.canonical import Json
from shared.protocol.law import library

Schema = Mapping[str, Any]
YES: Final = frozenset({"y", "yes"})
NO: Final = frozenset({"n", "no"})
_LINE: Final = 500  # characters; what may be longer has many lines
_DIGEST: Final = "^[0-9a-f]{64}$"


class SkippedError(Exception):
    """Nothing was answered to what may be left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """Asks for the values of a form.

    Attributes:
        form: the schema whose definitions are meant.
        ask: puts a question to a person and returns the line that they answer; raises EOFError.
        say: tells them something.
    """

    form: Schema
    ask: Callable[[str], str]
    say: Callable[[str], None]

    def resolve(self, node: Schema) -> Schema:
        """Follow a node to what it refers to; its own title goes first."""
        if "$ref" not in node:
            return node
        name = str(node["$ref"]).rpartition("/")[2]
        return {**self.form["$defs"][name], **{k: v for k, v in node.items() if k != "$ref"}}

    def value(self, node: Schema, title: str, *, optional: bool = False) -> Json:
        """Ask for a value of any kind.

        Raises:
            SkippedError: it may be left out, and was.
        """
        node = self.resolve(node)
        if choices(node):
            return self._choice(node, title, optional=optional)
        match node.get("type"):
            case "object":
                self._begin(title, optional=optional)
                return self.object(node, title)
            case "array":
                return self.list(node, title, optional=optional)
            case "boolean":
                return self._truth(title, optional=optional)
            case _:
                return self._leaf(node, title, optional=optional)

    def object(self, node: Schema, title: str) -> dict[str, Json]:
        """Ask for the members of a form: digests first, what may be left out last."""
        self.say(f"{title}:")
        told: dict[str, Json] = {}
        wanted = node.get("required", [])
        inner: Schema = node["properties"]
        for name in sorted(inner, key=lambda each: (each not in wanted, each != "sha256")):
            if name in told:
                continue
            with suppress(SkippedError):
                told[name] = self.value(
                    inner[name], f"  {called(name)}", optional=name not in wanted
                )
            if name == "sha256":
                told |= _measured(str(told[name]), wanted)
        return told

    def list(self, node: Schema, title: str, *, optional: bool = False) -> list[Json]:
        """Ask for elements, until there are no more."""
        inner = self.resolve(node["items"])
        told: list[Json] = [self.value(inner, title, optional=optional)]
        with suppress(SkippedError):
            while True:
                told.append(self.value(inner, f"{title}, another", optional=True))
        return told

    def _begin(self, title: str, *, optional: bool) -> None:
        if optional and self.ask(f"{title}? [y/N] ").strip().lower() not in YES:
            raise SkippedError

    def _choice(self, node: Schema, title: str, *, optional: bool) -> str:
        listed = list(choices(node).items())
        if len(listed) == 1:
            return listed[0][0]
        self.say(f"{title}:")
        for number, (code, words) in enumerate(listed, 1):
            self.say(f"  {number:2} {code}  {words}")
        while True:
            answer = self._answer("number or code: ", optional=optional)
            if answer.isdecimal() and 1 <= int(answer) <= len(listed):
                return listed[int(answer) - 1][0]
            if answer in dict(listed):
                return answer
            self.say("  this is none of them")

    def _truth(self, title: str, *, optional: bool) -> bool:
        while True:
            answer = self._answer(f"{title} [y/n] ", optional=optional).lower()
            if answer in YES | NO:
                return answer in YES
            self.say("  y or n")

    def _leaf(self, node: Schema, title: str, *, optional: bool) -> Json:
        hint = " (or the path of the file)" if node.get("pattern") == _DIGEST else ""
        is_long = node.get("maxLength", 0) > _LINE
        more = " (or @ and the path of a text file)" if is_long else hint
        while True:
            answer = self._answer(f"{title}{more}: ", optional=optional)
            if is_long and answer.startswith("@"):
                answer = _content(answer[1:]) or answer
            if node.get("type") == "integer":
                if answer.isdecimal() and int(answer) <= node.get("maximum", 2**53 - 1):
                    return int(answer)
                self.say("  a number without a sign")
            elif hint and Path(answer).is_file():
                return answer
            elif wrong := _wrong(node, answer):
                self.say(f"  {wrong}")
            else:
                return answer

    def _answer(self, question: str, *, optional: bool) -> str:
        may = f"{question.rstrip(': ')} (Enter: nothing): "
        told = self.ask(may if optional else question).strip()
        if optional and not told:
            raise SkippedError
        return told


def _content(path: str) -> str | None:
    """Read a text of many lines from a file, if there is one.

    Raises:
        UsageError: it is no text in UTF-8.
    """
    file = Path(path)
    try:
        return file.read_text(encoding="utf-8").strip() if file.is_file() else None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text in UTF-8", code="not_text") from error


def _measured(told: str, wanted: Collection[str]) -> dict[str, Json]:
    """Take digest and size of a file from the file; a digest that was typed stays as it is."""
    if re.fullmatch(_DIGEST, told):
        return {}
    content = Path(told).read_bytes()
    digest: dict[str, Json] = {"sha256": hashlib.sha256(content).hexdigest()}
    return {**digest, "size": len(content)} if "size" in wanted else digest


def choices(node: Schema) -> Mapping[str, str]:
    """Return the codes that a node may be, each with its meaning; none if it is free."""
    if "enum" in node:
        words = library.boxes()["words"]
        return {str(code): str(words.get(code, "")) for code in node["enum"]}
    return {str(each["const"]): str(each.get("title", "")) for each in node.get("oneOf", ())}


def skeleton(questions: Questions, node: Schema) -> Json:
    """Return a value to fill in: no part of it has the form's shape before somebody has decided on it."""
    node = questions.resolve(node)
    if codes := choices(node):
        return next(iter(codes)) if len(codes) == 1 else " | ".join(codes)
    match node.get("type"):
        case "object":
            inner = {name: node["properties"][name] for name in node.get("required", ())}
            return {name: skeleton(questions, each) for name, each in inner.items()}
        case "array":
            return [skeleton(questions, node["items"])]
        case "boolean":
            return "true | false"
        case "integer":
            return "a number"
        case _:
            return ""


def called(name: str) -> str:
    """Say the name of a member as people do."""
    return name.replace("_", " ").replace("sha256", "SHA-256")


def _wrong(node: Schema, answer: str) -> str | None:
    return next(_flaws(node, answer), None)


def _flaws(node: Schema, answer: str) -> Iterator[str]:
    if len(answer) < node.get("minLength", 0):
        yield "something has to stand here"
    if len(answer) > node.get("maxLength", len(answer)):
        yield f"no more than {node['maxLength']} characters"
    if "pattern" in node and re.search(node["pattern"], answer) is None:
        yield _FORMS.get(node["pattern"], "this has another form")


_FORMS: Final = {
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "a day as 2026-11-20",
    "^[A-Z]{2}$": "a country's code of two capital letters",
    "^[a-z]{2,3}$": "a language's code of two small letters",
    _DIGEST: "64 hexadecimal digits, or the path of a file",
}
