"""The ten scenarios of the process, each as a story between real nodes; `make story N=3` plays one aloud."""

from io import StringIO

import pytest
from rich.console import Console

from deploy.stories.__main__ import STORIES
from deploy.stories.story import Story, tell

LEAN = {(0, "")}  # in every run; the others in the long ones
WAYS = [(story, way) for story in STORIES.values() for way in story.ways()]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("story", "way"),
    [
        pytest.param(story, way, id=f"SC-{story.number:02}{way}")
        if (story.number, way) in LEAN
        else pytest.param(story, way, id=f"SC-{story.number:02}{way}", marks=pytest.mark.soak)
        for story, way in WAYS
    ],
)
def test_it_goes_as_it_is_told(story: Story, way: str) -> None:
    told = StringIO()
    claims = tell(story, way, Console(file=told, width=120))
    assert claims > 0, told.getvalue()
