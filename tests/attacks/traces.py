"""Rows 68 to 70: what an attack leaves behind in the log, inside, and over a restart."""

import time
from collections.abc import Callable

import httpx

from shared.protocol import canonical
from shared.protocol.errors import FormatError
from tests.attacks.stage import PATH, TOKEN, Stage, said
from tests.attacks.table import Attack, rows

POISON = 'urn:x\r\n{"event":"all is well"}\n\x1b[2J\u2028\u202e'
ONE_LINE = "one line each"


def _logged(act: Callable[[Stage], str]) -> Callable[[Stage], str]:
    """Do it, and read the gateway's log: every line is one JSON object, without the poison in it."""

    def logged(stage: Stage) -> str:
        assert act(stage)[0] == "4"
        lines = stage.gateway_log()
        assert lines
        for line in lines:
            try:
                assert isinstance(canonical.read(line), dict)
            except FormatError:
                return f"broken line: {line!r}"
            assert b"\x1b" not in line
        return ONE_LINE

    return logged


def _path(stage: Stage) -> str:
    target = b"/v1/\x1b[2J\xe2\x80\xa8all is well"
    head = b"GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
    return stage.raw(head % (target.replace(b" ", b"+"), stage.host.encode()))


def _dropped(stage: Stage) -> str:
    """Announce a segment, send some of it, and go: nothing of it may stay under way inside."""
    caller, before = stage.caller(), stage.echo.aborted
    path = "/v1/packages/a/items/b/segments/0"
    digest = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"
    headers = caller.headers("PUT", path) | {
        "Host": stage.host,
        "Content-Length": str(2**24),
        "Content-Digest": digest,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with stage.connect() as wire:
        wire.sendall(f"PUT {path} HTTP/1.1\r\n{lines}\r\n".encode() + b"x" * 2**21)
        time.sleep(0.3)
    for _ in range(100):
        if stage.echo.aborted > before:
            return "broken off inside"
        time.sleep(0.05)
    return "still under way"


def _restarted(stage: Stage) -> str:
    """A worker dies between two uses of one proof, and of one assertion."""
    caller = stage.fresh()
    form, token = caller.form(), caller.token()
    asked = caller.proof("POST", TOKEN)
    assert said(caller.ask(form, asked)) == "200"
    headers = caller.headers("GET", PATH, token)
    assert said(caller.http.get(PATH, headers=headers)) == "200"
    stage.site.restart(0)
    first = _patiently(lambda: caller.http.get(PATH, headers=headers))
    second = _patiently(lambda: caller.ask(form))
    # A proof from before the process, and the mark of it, are refused in two ways.
    assert first in {"401 invalid_dpop_proof", "401 use_dpop_nonce"}
    return second


def _patiently(call: Callable[[], httpx.Response]) -> str:
    """Call again while the proxy still asks the worker that is starting."""
    for _ in range(50):
        answer = call()
        if answer.status_code < 500:
            return said(answer)
        time.sleep(0.1)
    return "the worker did not come back"


ROWS: list[Attack[Stage]] = [
    *rows(
        68,
        ONE_LINE,
        {
            "in the client id": _logged(
                lambda s: s.assertion(claims={"sub": POISON, "iss": POISON})
            ),
            "in the kid": _logged(lambda s: s.assertion(header={"kid": POISON})),
            "in the form": _logged(lambda s: s.ask(client_id=POISON, grant_type=POISON)),
            "in the path": _logged(_path),
        },
    ),
    *rows(69, "broken off inside", {"an upload is dropped": _dropped}),
    *rows(
        70,
        "401 invalid_client",
        {"a worker is killed between two uses": _restarted},
        slow=True,
    ),
]
