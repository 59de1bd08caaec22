from datetime import timedelta

from services.exchange.patience import FIRST, LONGEST, pause


def test_pauses_grow_and_end_and_differ() -> None:
    drawn = [[pause(attempts) for _ in range(50)] for attempts in range(20)]
    for attempts, pauses in enumerate(drawn):
        assert all(timedelta(0) <= each <= min(LONGEST, FIRST * 2**attempts) for each in pauses)
        assert len(set(pauses)) > 40
    assert max(drawn[-1]) > LONGEST / 2
