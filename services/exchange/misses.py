"""What the miss of a deadline brings about by itself, by the word of its rule (`clocks.toml`, `effect`)."""

from collections.abc import Callable, Mapping

from services.exchange import preserving, unanswered, urgency
from services.exchange.bench import Bench
from services.exchange.clock_watch import Effect
from services.exchange.clockwork import Clock
from shared.runtime.clock import Clock as Now

Miss = Callable[
    ..., None
]  # (clock, *, bench, at): in a transaction of its own; twice is as good as once

MISSES: Mapping[str, Miss] = {
    "decide on the file": unanswered.go_on,
    "withdraw and delete": urgency.run_out,
    "lapse": preserving.expire,
}


def effects(bench: Bench, now: Now) -> Mapping[str, Effect]:
    """Return them as the watch calls them."""

    def bound(miss: Miss) -> Effect:
        def effect(clock: Clock) -> None:
            miss(clock, bench=bench, at=now())

        return effect

    return {word: bound(miss) for word, miss in MISSES.items()}
