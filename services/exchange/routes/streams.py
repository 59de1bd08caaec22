"""Hand a large body from the event loop to a working thread, in blocks, with flat memory."""

import asyncio
import mmap
from collections.abc import AsyncIterator, Callable

from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from shared.runtime.refusals import Malformed


async def pour(
    chunks: AsyncIterator[bytes], work: Callable[[memoryview], None], *, block: int
) -> None:
    """Collect chunks into blocks and hand each to `work` in a thread, while the next one fills.

    Raises:
        Malformed: the sender went away before the end.
    """
    under_way: asyncio.Task[None] | None = None
    try:
        async for full in _blocks(chunks, block):
            if under_way is not None:
                await under_way
            under_way = asyncio.create_task(run_in_threadpool(work, full))
        if under_way is not None:
            await under_way
    except ClientDisconnect as error:
        raise Malformed(
            "body_incomplete",
            "The connection ended before the whole segment had come.",
            next_step="Send this segment again.",
        ) from error
    finally:
        if under_way is not None:
            # The thread must be done with what it writes to before that is closed.
            await asyncio.gather(under_way, return_exceptions=True)


async def _blocks(chunks: AsyncIterator[bytes], block: int) -> AsyncIterator[memoryview]:
    """Yield full blocks and the rest, in two buffers by turns: one is filled while one is read."""
    # Page aligned: copies to odd offsets cost a factor of four (performance notes in README).
    buffers = [memoryview(mmap.mmap(-1, block)) for _ in range(2)]
    filled = 0
    async for chunk in chunks:
        rest = memoryview(chunk)
        while rest:
            part = rest[: block - filled]
            buffers[0][filled : filled + len(part)] = part
            filled, rest = filled + len(part), rest[len(part) :]
            if filled == block:
                yield buffers[0]
                buffers.reverse()
                filled = 0
    if filled:
        yield buffers[0][:filled]
