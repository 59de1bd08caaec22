"""The ten scenarios of the process, each as a story between real nodes; `make story N=3` plays one aloud."""

import gc
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


# Each service would be a process, whose end closes its connections to the others.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.timeout(180)
@pytest.mark.parametrize(("story", "way"), WAYS)
def test_it_goes_as_it_is_told(story: Story, way: str) -> None:
    told = StringIO()
    assert tell(story, way, Console(file=told, width=120)) > 0, told.getvalue()
    gc.collect()  # here, and not while another test runs
