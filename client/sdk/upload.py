"""Put files into a package: declared by digest, then sent segment by segment, two at a time.

The next file is hashed while the one before is sent. Nothing is remembered here: after a crash the same
command asks the node which files and segments it has, and sends the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Final

from client.bundle import Progress
from client.clock import Clock
from client.errors import ClientError
from client.sdk import packages
from client.sdk.records import Item, Package, as_list
from client.sdk.session import Session
from client.sdk.sources import Hashed, Source, hash_source, read_segment
from shared.protocol.canonical import Json, encode
from shared.protocol.digests import content_digest
from shared.protocol.identifiers import new_id
from shared.protocol.manifest import stored_path

SENDERS: Final = 2  # threads; against one node more win nothing
WINDOW: Final = 4  # segments handed to the senders and not answered yet
_CREATED: Final = 201


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A file that the node holds; `sent` counts the segments that it lacked before."""

    item: Item
    sent: int


def add_files(
    session: Session,
    package: Package,
    sources: Sequence[Source],
    *,
    clock: Clock,
    hashed: Progress,
    sent: Progress,
) -> list[Added]:
    """Add files to a package that is being collected; what it has already is not sent again.

    Args:
        session: with the scope packages:prepare.
        package: as read from the node.
        sources: in the order in which they are declared.
        clock: for new item ids.
        hashed: is told of bytes read for the first time.
        sent: is told of bytes that the node has.

    Raises:
        IntegrityError: a file changes while it is read.
        ClientError: the node refuses something; what was sent stays.
    """
    before = packages.items(session, package.package_id)
    known, added = list(before), list[Added]()
    with _senders() as send:
        for each in _hash_ahead(sources, package.segment_size, hashed):
            # A file that was there before is the same file; two alike in one call are two files.
            same = _take_same(each, before)
            item = same or _new_item(each, known, clock)
            lacking = _declare(session, package, each, item)
            known += [item] if same is None else []
            sent(each.size - sum(_length(each, package, n) for n in lacking))
            for n in lacking:
                send(partial(_send, session, package, each, item, n, sent))
            added.append(Added(item=item, sent=len(lacking)))
    return added


def _hash_ahead(
    sources: Sequence[Source], segment_size: int, progress: Progress
) -> Iterator[Hashed]:
    """Hash each file while the caller is busy with the one before."""
    with ThreadPoolExecutor(1) as reader:
        job = partial(hash_source, segment_size=segment_size, progress=progress)
        ahead: deque[Future[Hashed]] = deque()
        for source in sources:
            ahead.append(reader.submit(job, source))
            if len(ahead) > 1:
                yield ahead.popleft().result()
        if ahead:
            yield ahead.popleft().result()


def _take_same(hashed: Hashed, before: list[Item]) -> Item | None:
    """Take the item that is this file out of those that were there."""
    wanted = (hashed.source.name, hashed.size, hashed.sha256.hex())
    for position, item in enumerate(before):
        if (item.original_name, item.size, item.sha256) == wanted:
            return before.pop(position)
    return None


def _new_item(hashed: Hashed, known: Iterable[Item], clock: Clock) -> Item:
    return Item(
        item_id=new_id(clock()),
        path=_free_path(hashed.source.name, known),
        original_name=hashed.source.name,
        size=hashed.size,
        sha256=hashed.sha256.hex(),
    )


def _declare(session: Session, package: Package, hashed: Hashed, item: Item) -> list[int]:
    """Declare a file; give the numbers of the segments that the node lacks."""
    path = f"/v1/packages/{package.package_id}/items/{item.item_id}"
    body = {
        **hashed.source.declared,
        "path": item.path,
        "original_name": item.original_name,
        "size": item.size,
        "sha256": item.sha256,
        "media_type": hashed.source.media_type,
    }
    answer = session.write("PUT", path, encode(body))
    session.json(answer)
    if answer.status == _CREATED:
        return list(range(len(hashed.segments)))
    return list(_numbers(session.get(path + "/segments").get("missing")))


def _free_path(name: str, known: Iterable[Item]) -> str:
    """Give a path that no other file of the package has, upper and lower case counting as one."""
    taken = {item.path.casefold() for item in known}
    path = PurePosixPath(stored_path(name))
    free, number = path, 1
    while str(free).casefold() in taken:
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return str(free)


def _numbers(missing: Json) -> Iterator[int]:
    """Spell out ranges of segments, `[[first, last], …]`."""
    for row in as_list(missing):
        match row:
            case [int(first), int(last)]:
                yield from range(first, last + 1)
            case _:
                raise ClientError("the gateway's answer has no ranges", code="bad_answer")


def _length(hashed: Hashed, package: Package, n: int) -> int:
    return min(package.segment_size, hashed.size - n * package.segment_size)


def _send(
    session: Session, package: Package, hashed: Hashed, item: Item, n: int, sent: Progress
) -> None:
    size = _length(hashed, package, n)
    start = n * package.segment_size
    answer = session.call(
        "PUT",
        f"/v1/packages/{package.package_id}/items/{item.item_id}/segments/{n}",
        headers={
            "Content-Type": "application/octet-stream",
            "Content-Length": str(size),
            "Content-Digest": content_digest(hashed.segments[n]),
        },
        body=partial(read_segment, hashed.source, start=start, size=size),
    )
    session.json(answer)
    sent(size)


class _Sender:
    """Hand jobs to threads, a few at a time; the first error stops the rest."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.pool, self.waiting = pool, deque[Future[None]]()

    def __call__(self, job: partial[None]) -> None:
        self.waiting.append(self.pool.submit(job))
        while len(self.waiting) > WINDOW:
            self.waiting.popleft().result()

    def finish(self) -> None:
        while self.waiting:
            self.waiting.popleft().result()


@contextmanager
def _senders() -> Iterator[_Sender]:
    pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="send")
    sender = _Sender(pool)
    try:
        yield sender
        sender.finish()
    finally:
        pool.shutdown(cancel_futures=True)
