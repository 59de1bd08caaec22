"""No octets bring two readings of a request past the edge (gateway.md's rows 45 to 47)."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.edge_rules import EXAMPLES, Edge, check
from tests.fuzz.test_parsers import SEED, spoilt

SECONDS = 120
PIECES = (
    b"\r\n",
    b"\n",
    b"\r\n ",
    b": ",
    b"Content-Length: 4\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding:\x0bchunked\r\n",
    b"Host: evil.example\r\n",
    b"0\r\n\r\n",
    b"ffffffffffffffff1\r\n",
    b"GET /smuggled HTTP/1.1\r\n",
    b"\0",
    b"\xff",
)


@st.composite
def mixed(draw: st.DrawFn) -> bytes:
    """An example with pieces of framing where they do not belong."""
    data = draw(spoilt(list(EXAMPLES)))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.sampled_from(PIECES)) + data[at:]
    return data


def test_the_examples_reach_an_app_or_not() -> None:
    with Edge() as edge:
        reached = [len(edge.feed([example])[0]) for example in EXAMPLES]
    assert reached == [1, 1, 0, 0, 2, 1, 1, 0, 1, 0, 0, 0]


def test_what_reaches_an_app_is_read_alike_by_another_reader() -> None:
    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(mixed(), st.integers(0, 80))
    def look(data: bytes, cut: int) -> None:
        check(edge, data, cut)

    with Edge() as edge:
        look()


@pytest.mark.soak
def test_the_same_guided_by_coverage(tmp_path: Path) -> None:
    if find_spec("atheris") is None:
        pytest.skip("NOT FUZZED: atheris has no wheel for this machine")
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.fuzz.fuzz_edge", str(SECONDS), SEED, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=SECONDS + 120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert "Done" in done.stderr, done.stderr[-2000:]
