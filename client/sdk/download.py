"""Fetch a received package as a bag: segments in parallel, each checked, each file whole or not named.

A file grows as NAME.part beside a list of the segments it has, so a broken fetch goes on where it stopped.
What is written is read back and hashed in order while later segments arrive; only a file whose SHA-256 is
the manifest's gets its name.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from client.bundle import PART, Progress, place, write_files
from client.errors import ClientError, IntegrityError, StateError
from client.sdk import packages, requests
from client.sdk.approving import Grant, Officer
from client.sdk.records import Item, Package
from client.sdk.session import Session
from client.sdk.wire import unanswered
from shared.protocol import bag
from shared.protocol.checks import PayloadFile
from shared.protocol.digests import parse_content_digest
from shared.protocol.encryption import segment_count

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

BLOCK: Final = 2**20  # bytes a read
FETCHERS: Final = 2  # threads
ATTEMPTS: Final = 4  # for one segment, when the connection breaks in its middle
DONE: Final = ".segments"
"""Ends the name of the list of segments that a `.part` holds, one number a line."""


def fetch_bag(  # noqa: PLR0913 - what is read, where to, by whom, for which case
    session: Session,
    package: Package,
    folder: Path,
    *,
    officer: Officer,
    progress: Progress,
    case: str | None = None,
    exculpatory: bool = False,
) -> dict[str, PayloadFile]:
    """Write everything of a package to a folder; nothing about it is proven by that.

    Args:
        session: with the scope packages:receive.
        package: as read from the node.
        folder: a new one, or that of a fetch that broke off.
        officer: who reads it, with their key.
        progress: is told of bytes of evidence that are there.
        case: the case number for which it is read; None: that of the request itself.
        exculpatory: it is material for a defence in another case (COND-13).

    Returns:
        The files that were hashed on the way, by path; others were there already.

    Raises:
        StateError: the folder holds something else.
        IntegrityError: what came is not what the manifest says.
    """
    stated = case or _own_case(session, package)
    grant = Grant(officer, package, session.clock, stated, exculpatory)
    tags = bag.parse_tag_set(packages.tags(session, package.package_id, grant))
    _claim(folder, tags[bag.BAG_INFO])
    listed = bag.parse_manifest(tags[bag.MANIFEST])
    known = {item.path: item for item in packages.items(session, package.package_id)}
    if missing := sorted(listed.keys() - known.keys()):
        raise ClientError(f"the node does not list {missing[0]}", code="bad_answer")
    write_files(folder, tags)
    hashed = {}
    with ThreadPoolExecutor(FETCHERS, thread_name_prefix="fetch") as pool:
        for path, digest in listed.items():
            target, item = place(folder, path), known[path]
            if target.exists() and target.stat().st_size == item.size:
                progress(item.size)
                continue
            found = _fetch_item(session, grant, item, target, pool=pool, progress=progress)
            _keep(target, found, digest)
            hashed[path] = PayloadFile(path=path, size=item.size, sha256=digest)
    refresh_chain(session, package.package_id, folder)
    return hashed


def _own_case(session: Session, package: Package) -> str:
    """Return the first case number of the request that a package answers; empty if it has none."""
    document = requests.find(session, package.request_id).wire.get("document")
    known = document.get("own_references") if isinstance(document, dict) else None
    return str(known[0]) if isinstance(known, list) and known else ""


def refresh_chain(session: Session, package_id: str, folder: Path) -> None:
    """Write the folder `chain/` as it stands now: receipts that came later are added."""
    write_files(folder, packages.chain(session, package_id))


def _claim(folder: Path, info: bytes) -> None:
    """Take a folder that is empty, or holds the beginning of this very bag."""
    folder.mkdir(parents=True, exist_ok=True)
    own = folder / bag.BAG_INFO
    if own.exists() and own.read_bytes() == info:
        return
    if any(folder.iterdir()):
        raise StateError(
            f"{folder} is not empty and holds another bag or none",
            code="folder_taken",
            next_step="name another folder with -o",
        )
    write_files(folder, {bag.BAG_INFO: info})


def _fetch_item(
    session: Session,
    grant: Grant,
    item: Item,
    target: Path,
    *,
    pool: ThreadPoolExecutor,
    progress: Progress,
) -> bytes:
    """Fetch the segments of a file that are not there yet; give the SHA-256 of the whole."""
    base = f"/v1/packages/{grant.package.package_id}/items/{item.item_id}/segments/"
    size = grant.package.segment_size

    def fetched(n: int, *, file: int, done: int) -> None:
        _fetch_segment(session, f"{base}{n}", grant=grant, file=file, start=n * size)
        os.write(done, b"%d\n" % n)  # it is there

    numbers = range(segment_count(item.size, size))
    whole = hashlib.sha256()
    with _open(target, item.size) as (file, done):
        have = set(map(int, os.pread(done, os.fstat(done).st_size, 0).split()))
        jobs = {n: pool.submit(fetched, n, file=file, done=done) for n in numbers if n not in have}
        try:
            for n in numbers:
                if n in jobs:
                    jobs[n].result()
                _hash_again(file, start=n * size, end=min((n + 1) * size, item.size), into=whole)
                progress(min(size, item.size - n * size))
        finally:
            _stop(jobs.values())
        os.fsync(file)
    return whole.digest()


def _fetch_segment(session: Session, path: str, *, grant: Grant, file: int, start: int) -> None:
    """Fetch one segment to its place; begin it again if the connection breaks in its middle."""
    for attempt in range(1, ATTEMPTS + 1):
        answer = session.call("GET", path, headers=grant.header())
        try:
            digest = _receive(answer, file=file, start=start)
        except HTTPError as error:
            if attempt == ATTEMPTS:
                raise unanswered(session.wire.url, error) from error
            continue
        if digest != parse_content_digest(answer.headers.get("Content-Digest", "")):
            raise IntegrityError(f"{path} changed on its way", code="digest_mismatch")
        return


def _receive(answer: BaseHTTPResponse, *, file: int, start: int) -> bytes:
    digest = hashlib.sha256()
    with closing(answer):
        while block := answer.read(BLOCK):
            digest.update(block)
            start += os.pwrite(file, block, start)
    return digest.digest()


def _hash_again(file: int, *, start: int, end: int, into: Hash) -> None:
    """Read back what was written: what is hashed is what lies on the disk."""
    # Page-aligned memory: the kernel copies into a bytearray at a fraction of the speed.
    with mmap.mmap(-1, BLOCK) as memory, memoryview(memory) as view:
        while count := os.preadv(file, [view[: min(BLOCK, end - start)]], start):
            into.update(view[:count])
            start += count


def _keep(target: Path, found: bytes, wanted: bytes) -> None:
    """Give a fetched file its name, if it is the one that the manifest lists; else throw it away."""
    part, done = _beside(target)
    done.unlink()
    if found != wanted:
        part.unlink()
        raise IntegrityError(
            f"{target.name} is not the file that the manifest lists",
            code="digest_mismatch",
            next_step="fetch again; if it stays, tell the sender: the package is disputed",
        )
    part.replace(target)


def _beside(target: Path) -> tuple[Path, Path]:
    return target.with_name(target.name + PART), target.with_name(target.name + DONE)


@contextmanager
def _open(target: Path, size: int) -> Iterator[tuple[int, int]]:
    """Open the beginning of a file at its full length, and the list of the segments that it has.

    A full disk is met now and not in the middle.
    """
    part, done = _beside(target)
    file = os.open(part, os.O_RDWR | os.O_CREAT)
    journal = os.open(done, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    try:
        if size and sys.platform == "linux":
            os.posix_fallocate(file, 0, size)
        yield file, journal
    finally:
        os.close(file)
        os.close(journal)


def _stop(jobs: Iterable[Future[None]]) -> None:
    """End all jobs: none may write into a file that is closed."""
    waiting = [job for job in jobs if not job.cancel()]
    wait(waiting)
