"""A clerk's desk: the command line with one client's keys, run as a program among programs."""

import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shared.protocol import canonical
from shared.protocol.canonical import Json
from shared.protocol.errors import FormatError

ANSWER = 64 * 2**20  # bytes; a package may list many files


class CommandError(Exception):
    """A command did not do what it was asked; holds its exit code and what it printed."""

    def __init__(self, words: Sequence[str], exit_code: int, said: str) -> None:
        super().__init__(f"rogatory {' '.join(words)} ended with {exit_code}: {said.strip()}")
        self.exit_code, self.said = exit_code, said

    @property
    def answer(self) -> dict[str, Json]:
        """The object that was printed all the same; empty if there was none."""
        try:
            value = canonical.read(self.said.encode(), max_size=ANSWER)
        except FormatError:
            return {}
        return value if isinstance(value, dict) else {}

    def reason(self) -> str:
        """Return the error's own sentence, or of a failed verification what failed and where."""
        error = self.answer.get("error")
        if isinstance(error, dict):
            return str(error.get("detail"))
        return "; ".join(_failures(self.answer)) or self.said.strip()


def _failures(answer: dict[str, Json]) -> Iterator[str]:
    """Pick what does not hold out of what `verify` (a bag) or `audit verify` (logs) printed."""
    for log in (answer, *_objects(answer.get("logs"))):
        for check in _objects(log.get("checks")):
            if check.get("result") == "failed" and "object" in check:
                yield f"{check['object']}: {check.get('detail')}"
            for failure in _objects(check.get("failures")):
                yield f"{failure.get('place')}: {failure.get('detail')}"


def _objects(value: Json) -> list[dict[str, Json]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The command line with one client's profile."""

    command: tuple[str, ...]  # how to run it: here, or in a container
    environment: Mapping[str, str]
    config: str
    profile: str
    watch: Callable[[str], None] = field(default=lambda _line: None)

    def run(self, *words: str) -> dict[str, Json]:
        """Run a command and return the object that it prints.

        Raises:
            CommandError: it ended with another exit code than 0.
        """
        self.watch(shlex.join(words))
        return self.ask(*words)

    def ask(self, *words: str) -> dict[str, Json]:
        """Run a command that nobody needs to watch."""
        options = ("--config", self.config, "--profile", self.profile, "--json")
        done = subprocess.run(
            [*self.command, *options, *words],
            env=dict(self.environment),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        said = done.stdout.decode(errors="replace")
        if done.returncode != 0:
            raise CommandError(words, done.returncode, said or done.stderr.decode(errors="replace"))
        try:
            value = canonical.read(done.stdout, max_size=ANSWER)
        except FormatError as error:
            raise CommandError(words, done.returncode, f"not one JSON object: {said}") from error
        assert isinstance(value, dict)
        return value
