"""What several threads ask for at one moment is done once, and each gets its own answer."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.audit.gathering import MOST, Gathering


def doubled(every: Sequence[Sequence[int]]) -> list[list[int] | Exception]:
    return [[2 * each for each in items] for items in every]


def test_one_alone_waits_for_nobody() -> None:
    assert Gathering[int, list[int]]().share([1, 2], doubled) == [2, 4]


def test_those_who_come_meanwhile_are_served_together() -> None:
    gathering: Gathering[int, list[int]] = Gathering()
    began, go_on = threading.Event(), threading.Event()
    groups: list[int] = []

    def work(every: Sequence[Sequence[int]]) -> list[list[int] | Exception]:
        groups.append(len(every))
        began.set()
        go_on.wait(10)
        return doubled(every)

    with ThreadPoolExecutor(30) as pool:
        first = pool.submit(gathering.share, [0], work)
        began.wait(10)
        others = [pool.submit(gathering.share, [n], work) for n in range(1, 30)]
        while len(gathering._waiting) < len(others):
            pass
        go_on.set()
        assert [each.result() for each in (first, *others)] == [[2 * n] for n in range(30)]
    assert groups == [1, 29]


def test_an_error_is_for_whom_it_is_meant() -> None:
    def odd(every: Sequence[Sequence[int]]) -> list[list[int] | Exception]:
        return [ValueError(items) if items[0] % 2 else [*items] for items in every]

    gathering: Gathering[int, list[int]] = Gathering()
    assert gathering.share([2], odd) == [2]
    with pytest.raises(ValueError, match="3"):
        gathering.share([3], odd)


def test_what_goes_wrong_as_a_whole_is_told_to_all() -> None:
    def broken(every: Sequence[Sequence[int]]) -> list[list[int] | Exception]:
        raise OSError(len(every))

    gathering: Gathering[int, list[int]] = Gathering()
    for _ in range(2):
        with pytest.raises(OSError, match="1"):
            gathering.share([1], broken)
    assert gathering.share([1], doubled) == [2]


def test_a_group_has_its_size() -> None:
    gathering: Gathering[int, list[int]] = Gathering()
    groups: list[int] = []

    def work(every: Sequence[Sequence[int]]) -> list[list[int] | Exception]:
        groups.append(len(every))
        return doubled(every)

    with gathering._turn, ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(gathering.share, [0] * (MOST // 2), work) for _ in range(5)]
        while len(gathering._waiting) < len(asked):
            pass
        gathering._turn.release()
        assert all(each.result() for each in asked)
        gathering._turn.acquire()
    assert groups == [2, 2, 1]
    assert gathering.share([0] * (MOST + 1), work) == [0] * (MOST + 1)
