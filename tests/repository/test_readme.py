"""What the README says exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
GUIDE = (ROOT / "deploy/OPERATING.md").read_text()


def walk() -> list[str]:
    """Every place that the table of the walk names."""
    rows = [row.split("|") for row in README.splitlines() if re.match(r"\| \d+ \|", row)]
    return [place for row in rows for place in re.findall(r"`([^`]+)`", row[3])]


def test_the_walk_is_a_walk() -> None:
    assert len(walk()) >= 16


@pytest.mark.parametrize("place", sorted(set(walk())))
def test_every_stop_of_the_walk_exists(place: str) -> None:
    assert (ROOT / place).exists()


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"(?m)(?:^|`)make ([a-z-]+)", README + GUIDE)))
)
def test_every_make_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize(
    "link", sorted({link for link in re.findall(r"\]\(([^)#]+)\)", README) if ":" not in link})
)
def test_every_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_pictures_and_two_commands() -> None:
    assert README.count("```mermaid") >= 2
    assert "make demo" in README
    assert "make test" in README
