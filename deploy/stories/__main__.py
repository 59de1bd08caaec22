"""`make story N=3`: play one scenario on real nodes, with words and pictures; `N=3b` its variant b."""

import sys
from time import monotonic

from rich.console import Console

from deploy.stories.sc00_plain import STORY as PLAIN
from deploy.stories.sc01_emergency import STORY as NIGHT
from deploy.stories.sc02_preservation import STORY as PRESERVATION
from deploy.stories.sc03_political import STORY as POLITICAL
from deploy.stories.sc04_partial import STORY as PARTIAL
from deploy.stories.sc05_challenge import STORY as CHALLENGE
from deploy.stories.sc06_withdrawn import STORY as WITHDRAWN
from deploy.stories.sc07_capital import STORY as CAPITAL
from deploy.stories.sc08_dual import STORY as DUAL
from deploy.stories.sc09_forged import STORY as FORGED
from deploy.stories.sc10_misuse import STORY as MISUSE
from deploy.stories.story import Story, tell
from deploy.stories.telling import BrokenStoryError
from shared.runtime import logs

STORIES = {
    story.number: story
    for story in (
        PLAIN, NIGHT, PRESERVATION, POLITICAL, PARTIAL, CHALLENGE, WITHDRAWN, CAPITAL, DUAL, FORGED,
        MISUSE,
    )
}  # fmt: skip


def main() -> None:
    """Play what the command line names; exit 1 if something is not as the story says."""
    logs.configure("story", "CRITICAL")
    console = Console(highlight=False, soft_wrap=True)
    story, way = _chosen(sys.argv[1:], console)
    began = monotonic()
    try:
        claims = tell(story, way, console)
    except BrokenStoryError as error:
        sys.exit(f"SC-{story.number:02}{way}: {error}")
    seconds = monotonic() - began
    console.print(f"\n[bold green]{claims} claims held, in {seconds:.0f} s.[/]")


def _chosen(words: list[str], console: Console) -> tuple[Story, str]:
    name = words[0] if len(words) == 1 else ""
    digits = name.rstrip("abcdefgh")
    story = STORIES.get(int(digits)) if digits.isdecimal() else None
    way = name.removeprefix(digits)
    if story is None or way not in story.ways():
        for each in STORIES.values():
            for letter, told in each.ways().items():
                console.print(f"  N={each.number}{letter:4} {told.title}")
        sys.exit(2)
    return story, way


if __name__ == "__main__":
    main()
