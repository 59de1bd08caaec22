"""Log lines: JSON, with the request's id, without what must not be there."""

from collections.abc import Iterator

import pytest
import structlog

from shared.protocol import canonical
from shared.runtime import logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Give the tests after these the log lines they had."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
    structlog.contextvars.clear_contextvars()


def test_a_line_is_json_with_service_and_request_id(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("gateway")
    mark = logs.request_id.set("abc")
    logs.log().info("refused", code="x", token="secret value")
    logs.log().debug("not at this level")
    logs.request_id.reset(mark)
    logs.log().warning("later")
    first, second = capsys.readouterr().err.splitlines()
    line = canonical.read(first.encode())
    assert isinstance(line, dict)
    assert (line["service"], line["request_id"], line["event"]) == ("gateway", "abc", "refused")
    assert line["token"] == "[redacted]"
    assert "request_id" not in second


def test_68_what_a_caller_wrote_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("gateway")
    written = 'x\r\n{"event":"approved"}\x1b[31m\u2028\x85'
    logs.log().info("refused", path=written, detail=written)
    said = capsys.readouterr().err
    assert said.endswith("\n")
    (line,) = said.splitlines()  # also by the separators of Unicode
    assert said.isascii()
    assert "\x1b" not in said
    assert canonical.read(line.encode())["path"] == written  # type: ignore[call-overload, index]
