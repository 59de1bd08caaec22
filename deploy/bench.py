"""`make bench`: how much of what the machine can do is left to the clerk, as ratios.

One file goes from one country's desk to the other's; each stage is timed and set against a baseline
measured in the same run (`deploy.baselines`): 1.0 means as fast as that. Seconds depend on the machine,
ratios much less. The peak memory of every process stands below: it must not grow with the file.
`SIZE=256 make bench` takes 256 MiB instead of 1 GiB.
"""

import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from deploy import baselines, workplace
from deploy.case import Case
from deploy.demo_views import sha256
from deploy.evidence import SEIZED, Stream
from deploy.lab import Lab
from deploy.provenance import case_graph

MIB = 2**20
DEFAULT = 1024  # MiB
MEMORY = 250  # MB that no process may exceed, whatever the size
TO_BEAT = {
    "upload and seal": ("same server, discarding", 0.6),
    "close (read back)": ("SHA-256", 0.6),
    "country to country": ("SHA-256 + AES-256-GCM", 0.5),
    "collect as a bag": ("SHA-256 + AES-256-GCM", 0.5),
    "end to end": ("plain loopback HTTP", None),
}


@dataclass(slots=True)
class Clock:
    """Seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is done in the block."""
        began = perf_counter()
        yield
        self.seconds[name] = perf_counter() - began


def run(case: Case, clock: Clock, *, draft: Path, big: Path, bag: Path) -> None:
    """Play a case around one file and time its stages."""
    graph = big.with_name("case.jsonld")
    graph.write_bytes(case_graph([big], seized=SEIZED))
    case.draft(str(draft))
    case.send_request()
    case.accept()
    with clock.stage("end to end"):
        with clock.stage("upload and seal"):
            case.collect([str(big)], str(graph))
        with clock.stage("close (read back)"):
            case.close()
        with clock.stage("release"):
            case.release()
        with clock.stage("country to country"):
            case.arrive()
        with clock.stage("collect as a bag"):
            case.fetch(str(bag))


def peaks(lab: Lab) -> dict[str, int]:
    """Return the peak resident memory of every process in MB, as the kernel counted it."""
    found = {name: _peak(lab.pid(name)) for name in lab.services}
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return found | {"rogatory (CLI)": largest * 1024 // 10**6}


def _peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 // 10**6


def write_big(path: Path, size: int) -> None:
    """Write `size` bytes that do not compress."""
    stream = Stream("bench")
    with path.open("wb") as out:
        for _ in range(size // MIB):
            out.write(stream.read(MIB))


def report(
    console: Console, clock: Clock, limits: dict[str, float], memory: dict[str, int]
) -> None:
    """Print both tables."""
    table = Table("stage", "seconds", "baseline", "seconds", "ratio", "goal", title="Time")
    for stage, seconds in clock.seconds.items():
        name, goal = TO_BEAT.get(stage, ("", None))
        limit = limits.get(name)
        ratio = f"{limit / seconds:.2f}" if limit else ""
        words = (name, f"{limit:.2f}" if limit else "", ratio, f"≥ {goal}" if goal else "")
        table.add_row(stage, f"{seconds:.2f}", *words)
    console.print(table)
    table = Table("process", "peak MB", f"< {MEMORY}", title="Memory")
    for name, peak in memory.items():
        table.add_row(name, str(peak), "yes" if peak < MEMORY else "NO")
    console.print(table)


def arrived(bag: Path, big: Path) -> None:
    """Exit 1 if what arrived is not what was sent."""
    (found,) = (path for path in (bag / "data").rglob("*") if path.is_file())
    if sha256(found) != sha256(big):
        sys.exit("what arrived is not what was sent")


def main() -> None:
    """Measure with the size in MiB that the command line names; exit 1 if a process grew too large."""
    size = int(sys.argv[1] if len(sys.argv) > 1 else DEFAULT) * MIB
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="rogatory-bench-"))
    try:
        big = folder / "image.dd"
        write_big(big, size)
        clock = Clock()
        with Lab(folder / "lab") as lab:
            case = workplace.open_case(lab, folder / "desk")
            draft = workplace.write_draft(folder)
            run(case, clock, draft=draft, big=big, bag=folder / "bag")
            memory = peaks(lab)
        arrived(folder / "bag", big)
        limits = {name: baselines.measure(name, size) for name in baselines.BASELINES}
        console.print(f"{size // MIB} MiB; goals from the design, all ratios to this same run")
        report(console, clock, limits, memory)
    finally:
        shutil.rmtree(folder)
    if max(memory.values()) >= MEMORY:
        sys.exit(f"a process took {MEMORY} MB or more")


if __name__ == "__main__":
    main()
