"""The ten scenarios of the process, each as a story between real nodes; `make story N=3` plays one aloud.

Each is played as a clerk would have it played, in a process of its own: its end closes whatever the services
of both countries held open.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.stories.__main__ import STORIES

ROOT = Path(__file__).resolve().parents[2]
WAYS = [
    pytest.param(f"{story.number}{way}", id=f"SC-{story.number:02}{way}")
    for story in STORIES.values()
    for way in story.ways()
]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", WAYS)
def test_it_goes_as_it_is_told(name: str) -> None:
    played = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "deploy.stories", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    told = played.stdout + played.stderr
    assert played.returncode == 0, told[-6_000:]
    claims = re.search(r"(\d+) claims held", told)
    assert claims is not None, told[-2_000:]
    assert int(claims[1]) >= 8
    assert told.count("✓") >= int(claims[1])
