"""F9 and F12: a fault at every system call of a batch, then a full inspection of the log.

`strace` makes one call fail (an input/output error, a full disk), makes all calls of a kind fail from
one on, or kills the process as the call begins. Whatever happened, the next process opens the log,
every hash of it recomputes, what was told stands where it was told, and the batch is in it once.
`make soak` takes every call; `make test` some of them, drawn from a seed.
"""

import shutil
import sys
from pathlib import Path

import pytest

from deploy.evidence import Stream
from shared.runtime.database import migrate, open_database
from tests.service.audit import faulting

# What strace does at the chosen call; `{n}` is its number among the calls of its name.
FAULTS = {
    "fails": "error=EIO:when={n}",
    "fails from then on": "error=EIO:when={n}+",
    "kills": "signal=KILL:when={n}",
}
FULL = "error=ENOSPC:when={n}+"
WRITING = {"write", "pwrite64", "openat", "ftruncate", "fsync", "fdatasync", "mkdir", "rename"}
SAMPLE = 3  # calls for each fault

pytestmark = [pytest.mark.system, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log shortly before the border of a tile; each process gets a copy."""
    folder = tmp_path_factory.mktemp("base")
    opened = open_database(_url(folder))
    migrate(opened, "services.audit.migrations")
    opened.close()
    faulting.prepare(_url(folder), folder)
    return folder


@pytest.fixture(scope="module")
def moments(base: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int]]:
    """Every system call of a batch, from a run without a fault."""
    if shutil.which("strace") is None:
        pytest.skip("no strace on this machine")
    folder = _copy(base, tmp_path_factory.mktemp("plain") / "log")
    outcome = faulting.run(_url(folder), folder)
    assert outcome.told is not None
    faulting.check(_url(folder), folder, outcome.told)
    calls = [each for each in outcome.calls if each != "exit_group"]
    assert {"pwrite64", "fsync", "rename"} <= set(calls)
    return faulting.moments(calls)


def _url(folder: Path) -> str:
    return f"sqlite:///{folder}/audit.sqlite"


def _copy(base: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return Path(shutil.copytree(base, folder))


def _tried(base: Path, folder: Path, moment: tuple[str, int], fault: str) -> faulting.Outcome:
    """Meet a fault at a moment; the log must have survived it."""
    name, number = moment
    copy = _copy(base, folder)
    outcome = faulting.run(_url(copy), copy, f"{name}:{fault.format(n=number)}")
    try:
        faulting.check(_url(copy), copy, outcome.told)
    except BaseException as error:
        error.add_note(
            f"after {fault.format(n=number)} at {name}, told: {outcome.told is not None}"
        )
        raise
    return outcome


def _sampled(moments: list[tuple[str, int]], seed: str) -> list[tuple[str, int]]:
    stream = Stream(f"faults {seed}")
    return [moments[stream.below(len(moments))] for _ in range(SAMPLE)]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_some_system_calls(
    base: Path, moments: list[tuple[str, int]], tmp_path: Path, fault: str
) -> None:
    # A lock that never comes is waited for: only the soak has that patience.
    chosen = _sampled([each for each in moments if each[0] != "fcntl"], f"1 {fault}")
    sys.stdout.write(f"{fault}: {chosen}\n")
    for moment in chosen:
        _tried(base, tmp_path / "log", moment, FAULTS[fault])


@pytest.mark.soak
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_every_system_call(
    base: Path, moments: list[tuple[str, int]], tmp_path: Path, fault: str
) -> None:
    met = 0
    for moment in moments:
        outcome = _tried(base, tmp_path / "log", moment, FAULTS[fault])
        met += outcome.injected or outcome.killed
    sys.stdout.write(f"{fault}: {met} of {len(moments)} calls\n")
    assert met > len(moments) * 0.95


def test_a_disk_that_fills_up(base: Path, moments: list[tuple[str, int]], tmp_path: Path) -> None:
    writing = [each for each in moments if each[0] in WRITING]
    for moment in _sampled(writing, "full"):
        _tried(base, tmp_path / "log", moment, FULL)


@pytest.mark.soak
def test_a_disk_that_fills_up_at_any_moment(
    base: Path, moments: list[tuple[str, int]], tmp_path: Path
) -> None:
    for moment in moments:
        if moment[0] in WRITING:
            _tried(base, tmp_path / "log", moment, FULL)
