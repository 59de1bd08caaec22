"""The integrators' page is run as it stands, against a real node, and its table names real codes."""

import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from deploy import workplace
from deploy.lab import Lab
from deploy.processes import SOURCE

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
PAGE = SOURCE / "client/INTEGRATING.md"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def script() -> str:
    """Every block of the page, one after the other, in one shell."""
    blocks = {
        "sh": "{}",
        "python": '"$PYTHON" - <<"BLOCK"\n{}BLOCK\n',
    }
    found = BLOCK.findall(PAGE.read_text())
    return "set -euo pipefail\n" + "\n".join(blocks[kind].format(text) for kind, text in found)


@pytest.mark.usefixtures("case")  # in which QN has accepted QM's request
def test_the_page_runs_as_it_stands(lab: Lab, tmp_path: Path) -> None:
    workplace.open_desks(lab, tmp_path, clients=("ops", "registrar"))
    rogatory = tmp_path / "rogatory"
    rogatory.write_text('#!/bin/sh\nexec "$PYTHON" -m client "$@"\n')
    rogatory.chmod(0o755)
    (node,) = [each for each in lab.federation.nodes if each.country == "QN"]
    home = tmp_path / "case-system"
    (home / ".config/rogatory").mkdir(parents=True)
    (tmp_path / "config.toml").rename(home / ".config/rogatory/config.toml")
    ran = subprocess.run(  # noqa: S603 - our own page
        ["/bin/bash", "-c", script()],
        cwd=home,
        env={
            "PATH": ":".join(
                [str(tmp_path), str(Path(sys.executable).parent), *os.get_exec_path()]
            ),
            "HOME": str(home),
            "PYTHON": sys.executable,
            "PYTHONPATH": str(SOURCE),
            "GATEWAY": node.url,
            "CA": str(lab.folder / "QN/authorities/ca.pem"),
            "OFFICER": "QN-preparer",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    told = {each.name: each.read_text() for each in home.glob("*.json")}
    assert ran.returncode == 0, (ran.stdout, ran.stderr, told)
    assert '"state":"COLLECTED"' in told["package.json"]
    assert " S00\n" in ran.stdout


def test_the_table_names_codes_that_there_are() -> None:
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", PAGE.read_text()))
    codes = {code for code in named if not code.startswith(("segment_size", "request_id"))}
    sources = "".join(
        path.read_text()
        for part in ("shared", "services")
        for path in (SOURCE / part).rglob("*.py")
    )
    assert {code for code in codes if f'"{code}"' not in sources} == set()
    assert len(codes) > len("all of the table's")


def test_what_the_page_points_to_is_there() -> None:
    for name in re.findall(r"`(client\.sdk(?:\.\w+)+)`", PAGE.read_text()):
        module, _, member = name.rpartition(".")
        if not hasattr(import_module(module), member):
            import_module(name)
