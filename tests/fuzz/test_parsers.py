"""F27: no octets make a parser crash, and what it takes has one spelling."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.runtime.clock import utc_now
from tests.fuzz.parsers import PARSERS, check, seeds

SECONDS = 30  # for each parser, in the long run
NAMES = sorted(PARSERS)
SEED = os.environ.get("FUZZ_SEED") or utc_now().strftime("%Y%m%d")  # noqa: TID251 - to repeat a run


@st.composite
def spoilt(draw: st.DrawFn, examples: list[bytes]) -> bytes:
    """An example with a few of its parts cut out, doubled or replaced."""
    data = draw(st.sampled_from(examples))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        other = draw(st.one_of(st.binary(max_size=8), st.just(data[start:end] * 2), st.just(b"\n")))
        data = data[:start] + other + data[end:]
    return data


@pytest.mark.parametrize("name", NAMES)
def test_f27_a_spoilt_example_is_refused_or_read_as_it_stands(name: str) -> None:
    parser = PARSERS[name]

    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(spoilt(seeds(parser)))
    def look(data: bytes) -> None:
        check(parser, data)

    look()


def fuzz(name: str, seconds: int, folder: Path) -> None:
    if find_spec("atheris") is None:
        pytest.skip("NOT FUZZED: atheris has no wheel for this machine")
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.fuzz.fuzz", name, str(seconds), SEED, str(folder)],
        capture_output=True,
        text=True,
        timeout=seconds + 120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert "Done" in done.stderr, done.stderr[-2000:]


def test_f27_one_parser_a_day_guided_by_coverage(tmp_path: Path) -> None:
    fuzz(NAMES[int(SEED) % len(NAMES)], 2, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("name", NAMES)
def test_f27_guided_by_coverage(name: str, tmp_path: Path) -> None:
    fuzz(name, SECONDS, tmp_path)


def test_the_harness_tells_a_crash_and_a_second_spelling() -> None:
    with pytest.raises(ZeroDivisionError):
        check(type(PARSERS["note"])(lambda _: bytes(1 // 0)), b"")
    with pytest.raises(AssertionError, match="written again"):
        check(type(PARSERS["note"])(lambda _: b"other"), b"one")
