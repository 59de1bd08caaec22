"""A body goes on in blocks, in order, with two of them in memory."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence

import pytest
from starlette.requests import ClientDisconnect

from services.exchange.routes.streams import pour
from shared.runtime.refusals import Malformed


async def body(chunks: Sequence[bytes], end: Exception | None = None) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if end is not None:
        raise end


@pytest.mark.parametrize(
    "chunks",
    [[], [b""], [b"abc"], [b"abcd"], [b"abcde"], [b"a", b"bcdefgh", b"i"], [b"abcdefghijkl"]],
)
def test_blocks_are_full_but_for_the_last(chunks: list[bytes]) -> None:
    seen: list[bytes] = []
    asyncio.run(pour(body(chunks), lambda block: seen.append(bytes(block)), block=4))
    assert b"".join(seen) == b"".join(chunks)
    assert all(len(block) == 4 for block in seen[:-1])


def test_the_next_block_fills_while_one_is_worked_on() -> None:
    filled = threading.Event()
    seen: list[bytes] = []

    def work(block: memoryview) -> None:
        if not seen:
            assert filled.wait(5)
        seen.append(bytes(block))

    async def chunks() -> AsyncIterator[bytes]:
        yield b"aaaa"
        yield b"bbb"
        filled.set()
        yield b"bcc"

    asyncio.run(pour(chunks(), work, block=4))
    assert seen == [b"aaaa", b"bbbb", b"cc"]


def test_a_sender_who_goes_away_is_told_to_send_again() -> None:
    with pytest.raises(Malformed) as refused:
        asyncio.run(pour(body([b"abcd", b"e"], ClientDisconnect()), len, block=4))  # type: ignore[arg-type]
    assert refused.value.code == "body_incomplete"


def test_what_goes_wrong_in_the_work_is_told() -> None:
    def work(_block: memoryview) -> None:
        raise ValueError("no room")

    for chunks in ([b"abcd", b"efgh", b"i"], [b"abcd"], [b"a"]):
        with pytest.raises(ValueError, match="no room"):
            asyncio.run(pour(body(chunks), work, block=4))


def test_work_is_over_before_the_call_is() -> None:
    over: list[bool] = []
    going_on = threading.Event()

    def work(_block: memoryview) -> None:
        assert going_on.wait(5)
        over.append(True)

    async def chunks() -> AsyncIterator[bytes]:
        yield b"abcd"
        threading.Timer(0.05, going_on.set).start()
        raise ClientDisconnect

    with pytest.raises(Malformed):
        asyncio.run(pour(chunks(), work, block=4))
    assert over == [True]
