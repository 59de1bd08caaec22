"""A witness on the network, whoever runs it. All that it says and that counts is signed."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Final

import urllib3
from urllib3.exceptions import HTTPError

from client.errors import UnavailableError, UsageError
from client.sdk.wire import unanswered
from shared.protocol.notes import MAX_NOTE
from shared.protocol.witnessing import monitoring_path

_TIMEOUT: Final = urllib3.Timeout(connect=5.0, read=30.0)  # seconds


@dataclass(frozen=True, slots=True)
class Site:
    """The address of a witness: its submission prefix, which is taken as its monitoring prefix too."""

    url: str

    def __post_init__(self) -> None:
        if not self.url.startswith(("https://", "http://")):
            raise UsageError(f"{self.url} is no address of a witness", code="bad_address")

    def submit(self, body: bytes) -> tuple[int, bytes]:
        """POST add-checkpoint; give the status and the body, which is cut where no note is as long.

        Raises:
            UnavailableError: there is no answer.
        """
        return self._ask("POST", "add-checkpoint", body)

    def shown(self, origin: str) -> str | None:
        """Give the newest note that the witness shows of a log, if it shows one."""
        with suppress(UnavailableError, UnicodeDecodeError):
            status, body = self._ask("GET", monitoring_path(origin), None)
            return body.decode() if status == 200 else None  # noqa: PLR2004 - of HTTP
        return None

    def _ask(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        url = f"{self.url.rstrip('/')}/{path}"
        try:
            with urllib3.PoolManager(timeout=_TIMEOUT, retries=False) as pool:
                answer = pool.request(method, url, body=body, preload_content=False, redirect=False)
                with closing(answer):
                    return answer.status, answer.read(MAX_NOTE + 1)
        except HTTPError as error:
            raise unanswered(self.url, error) from error
