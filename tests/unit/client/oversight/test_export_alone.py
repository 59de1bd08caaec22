"""F30: an export is verified in a clean environment, without network, twenty years on."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.client.oversight.conftest import Exported, middle

PRELUDE = """
import sys, time
def alone(event, given):
    if event.startswith(("socket.", "subprocess.", "os.system", "ctypes.")):
        raise SystemExit(f"the verifier wants {event}")
    if event == "open" and given[1] and set(given[1]) & set("wax+"):
        raise SystemExit(f"the verifier writes {given[0]}")
sys.addaudithook(alone)
print("year", time.gmtime().tm_year)
import runpy
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
AHEAD = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
#include <sys/time.h>
#define YEARS (20L * 366 * 86400)
int clock_gettime(clockid_t id, struct timespec *at) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(id, at);
    if (id == CLOCK_REALTIME) at->tv_sec += YEARS;
    return done;
}
time_t time(time_t *to) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    if (to) *to = at.tv_sec;
    return at.tv_sec;
}
"""


def clock_ahead(folder: Path) -> dict[str, str]:
    """What puts the clock of a process twenty years ahead, where there is a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return {}
    (folder / "ahead.c").write_text(AHEAD)
    library = folder / "ahead.so"
    made = ["-o", str(library), str(folder / "ahead.c"), "-ldl"]
    subprocess.run([compiler, "-shared", "-fPIC", *made], check=True, timeout=60)  # noqa: S603
    return {"LD_PRELOAD": str(library)}


@pytest.mark.parametrize("kind", ["log", "case"])
def test_f30_clean_environment_no_network_twenty_years_on(
    whole: Exported, one: Exported, tmp_path: Path, kind: str
) -> None:
    exported = whole if kind == "log" else one
    place = tmp_path / "elsewhere" / "of a court"
    shutil.copytree(exported.folder, place)
    environment = clock_ahead(tmp_path)
    alone = [sys.executable, "-I", "-S", "-B", "-c", PRELUDE, place / "verify.py"]
    run = [*map(str, alone), "--root", str(exported.root)]
    said = subprocess.run(  # noqa: S603
        run, cwd="/", env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert said.returncode == 0, said.stdout + said.stderr
    year = int(said.stdout.split()[1])
    assert year >= (2046 if environment else 2026)
    assert re.search(
        "Everything that was checked holds. Not checked here:.* ML-DSA-44", said.stdout
    )
    middle(place / ("tile/entries/000" if kind == "log" else "index/root.leaf"))
    said = subprocess.run(run, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert said.returncode == 3
