"""The ten scenarios of the process, each as a story between real nodes; `make story N=3` plays one aloud."""

from io import StringIO

import pytest
from rich.console import Console

from deploy.stories.__main__ import STORIES
from deploy.stories.story import Story, tell

LEAN = {(1, ""), (5, "")}  # in every run; the others in the long ones
WAYS = [
    pytest.param(
        story,
        way,
        id=f"SC-{story.number:02}{way}",
        marks=() if (story.number, way) in LEAN else pytest.mark.soak,
    )
    for story in STORIES.values()
    for way in story.ways()
]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("story", "way"), WAYS)
def test_it_goes_as_it_is_told(story: Story, way: str) -> None:
    told = StringIO()
    assert tell(story, way, Console(file=told, width=120)) > 0, told.getvalue()
