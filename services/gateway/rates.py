"""How often somebody may ask in a minute, and what they are told about it.

A moving window: in any 60 seconds no more than the quota. Nobody is counted by a name that they only
claim: a client is counted after it has proven itself, everybody else by address (IPv6 by /64). Each
process counts alone and in memory: this protects the process, it grants nobody a right.

Told as in draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy: "calls";q=600;w=60`,
`RateLimit: "calls";r=599;t=60`, and a problem of the type `quota-exceeded`.
"""

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from services.gateway.settings import GatewaySettings
from shared.runtime.refusals import TooMany

WINDOW = 60  # seconds
MOST_OWNERS = 10_000  # of one policy; the one that has been silent longest is forgotten

Monotonic = Callable[[], float]  # seconds; a clock that nobody sets back


class Policy(Enum):
    """What is counted apart."""

    TOKENS = "tokens"  # of a client
    FAILURES = "failures"  # to authenticate, from an address
    CALLS = "calls"  # of a client
    CONTENT = "content"  # items and segments, of a client: a package has thousands
    PEER = "peer"  # of another country's gateway
    OPEN = "open"  # addresses that take no token, from an address
    LOG = "log"  # of the public log and the witness, from an address


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much of a policy is left to somebody."""

    policy: Policy
    quota: int
    left: int
    wait: int  # seconds until there is more again

    @property
    def headers(self) -> dict[str, str]:
        """Return the header fields that tell it."""
        name = self.policy.value
        return {
            "RateLimit-Policy": f'"{name}";q={self.quota};w={WINDOW}',
            "RateLimit": f'"{name}";r={self.left};t={self.wait}',
        }


@dataclass(slots=True)
class _Book:
    """The times of each owner's calls within the last window, oldest first."""

    quota: int
    owners: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)

    def of(self, owner: str, since: float) -> deque[float]:
        """Give the times of one; whoever has not called since then is nobody to keep anything of."""
        while self.owners and not _recent(next(iter(self.owners.values())), since):
            self.owners.popitem(last=False)
        times = self.owners.setdefault(owner, deque())
        self.owners.move_to_end(owner)
        if len(self.owners) > MOST_OWNERS:
            self.owners.popitem(last=False)
        return times


def _recent(times: deque[float], since: float) -> bool:
    return bool(times) and times[-1] > since


class Rates:
    """Counts calls; safe to share between threads."""

    def __init__(self, quotas: Mapping[Policy, int], clock: Monotonic = time.monotonic) -> None:
        """Take the quotas of a minute."""
        self._books = {policy: _Book(quota) for policy, quota in quotas.items()}
        self._clock, self._lock = clock, threading.Lock()

    def take(self, policy: Policy, owner: str) -> Quota:
        """Count a call.

        Raises:
            TooMany: the quota is used up; this call does not count.
        """
        with self._lock:
            now, book = self._clock(), self._books[policy]
            times = book.of(owner, now - WINDOW)
            while times and times[0] <= now - WINDOW:
                times.popleft()
            free = len(times) < book.quota
            if free:
                times.append(now)
            wait = math.ceil(times[0] + WINDOW - now) if times else WINDOW
            quota = Quota(policy=policy, quota=book.quota, left=book.quota - len(times), wait=wait)
        if not free:
            raise exceeded(quota)
        return quota


def configured(settings: GatewaySettings) -> Rates:
    """Take the quotas from the settings."""
    return Rates(
        {
            Policy.TOKENS: settings.rate_tokens,
            Policy.FAILURES: settings.rate_failures,
            Policy.CALLS: settings.rate_calls,
            Policy.CONTENT: settings.rate_content,
            Policy.PEER: settings.rate_peer,
            Policy.OPEN: settings.rate_open,
            Policy.LOG: settings.rate_log,
        }
    )


def exceeded(quota: Quota) -> TooMany:
    """Return the refusal of a call over a quota; whoever waits as long as it says is served."""
    refusal = TooMany(
        "quota_exceeded",
        f"This is more than {quota.quota} in {WINDOW} seconds ({quota.policy.value}).",
        next_step=f"Nothing was done. Send the same again in {quota.wait} seconds.",
        headers={"Retry-After": str(quota.wait), **quota.headers},
    )
    refusal.facts["violated-policies"] = [quota.policy.value]
    return refusal
