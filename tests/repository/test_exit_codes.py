"""Every exit code that the command line can end with is in the operating guide."""

import re
from collections.abc import Iterator
from pathlib import Path

from client import errors

GUIDE = Path(__file__).resolve().parents[2] / "deploy/OPERATING.md"


def kinds(kind: type[errors.ClientError]) -> Iterator[type[errors.ClientError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from kinds(below)


def test_guide_and_code_name_the_same_exit_codes() -> None:
    section = GUIDE.read_text().partition("## Exit codes")[2]
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)}
    used = {kind.exit_code for kind in kinds(errors.ClientError)}
    assert documented == used | {0, errors.INTERRUPTED, errors.MISUSE}
