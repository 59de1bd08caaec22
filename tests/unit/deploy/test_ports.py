"""Ports of laboratories that start at the same time do not meet."""

import subprocess
import sys

import pytest

from deploy import layout

ASK = "from deploy import layout; ports = layout.free_ports(); print([next(ports) for _ in range({})])"


@pytest.mark.skipif(sys.platform != "linux", reason="NOT CLAIMED: only Linux has such names")
def test_a_port_that_one_process_has_chosen_is_not_anothers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layout, "PORTS", range(layout.PORTS.start, layout.PORTS.start + 60))
    ports = layout.free_ports()
    ours = {next(ports) for _ in range(20)}
    few = f"import deploy.layout; deploy.layout.PORTS = {layout.PORTS!r}\n" + ASK.format(20)
    told = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-c", few], capture_output=True, text=True, check=True
    )
    theirs = {int(each) for each in told.stdout.strip("[]\n").split(",")}
    assert len(ours) == len(theirs) == 20
    assert not ours & theirs
