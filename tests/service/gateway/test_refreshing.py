"""A refresh never waits without an end, and never runs twice at once."""

import fcntl
import threading
import time
from pathlib import Path

import pytest
from tuf.api.exceptions import DownloadError

from services.gateway import directory as live_view
from services.gateway import refreshing, retrieval
from shared.runtime import deadline, http
from shared.runtime.refusals import Refusal
from tests.service.gateway.sites import Live, Site
from tests.service.gateway.test_directory import reopened


def test_one_refresh_at_a_time(live: Live, site: Site) -> None:
    twin = reopened(live, site)
    failures: list[Exception] = []

    def refresh(directory: live_view.Directory) -> None:
        try:
            directory.refresh()
        except Exception as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [
        threading.Thread(target=refresh, args=(each,)) for each in (live.directory, twin) * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert twin.bundle() == live.directory.bundle()


def test_a_refresh_does_not_wait_for_ever_for_another(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("wb") as mine, path.open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Refusal) as caught:
            refreshing._lock(mine, time.monotonic() - 1)
    assert caught.value.code == "refresh_running"


def test_a_source_has_a_minute_for_all_its_files(site: Site) -> None:
    source = retrieval.Source(name="directory", url=site.url, trust=http.pinned_file(site.ca))
    fetcher = retrieval._Fetcher(source)
    fetcher._end = time.monotonic() - 1
    with pytest.raises(DownloadError) as given_up:
        fetcher.download_bytes(f"{site.url}/healthz", 1000)
    assert isinstance(given_up.value.__cause__, deadline.OverdueError)


def test_pauses_grow_and_differ() -> None:
    assert 270 <= live_view._pause(0) <= 331
    assert live_view._pause(1) < 3
    assert 50 <= live_view._pause(9) <= 67
    assert len({live_view._pause(0) for _ in range(20)}) > 1
