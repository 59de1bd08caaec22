"""A file is read in one sitting, a function at a glance (style guide, 2)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("shared", "services", "client", "deploy", "tests")
MAX_FILE = 300  # lines
MAX_FUNCTION = 40  # lines, without the docstring
MAX_SPECIFICATION = 300  # lines

SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
SPECIFICATIONS = sorted((ROOT / "shared/protocol/spec").glob("*.md"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring = node.body[0].end_lineno if ast.get_docstring(node) else node.lineno
    return (node.end_lineno or 0) - (docstring or 0) + 1


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_source_is_short(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= MAX_FILE
    long = [
        f"{node.name}: {length} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := lines(node)) > MAX_FUNCTION
    ]
    assert not long


@pytest.mark.parametrize("path", SPECIFICATIONS, ids=name)
def test_specification_is_short(path: Path) -> None:
    assert path.read_text().count("\n") <= MAX_SPECIFICATION


def test_there_is_something_to_measure() -> None:
    assert len(SOURCES) > 50
    assert len(SPECIFICATIONS) >= 5
