"""Fixtures for all tests."""

import signal
import sys

import pytest
import structlog

pytest_plugins = ["tests.postgres"]


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Let what tests start be interrupted, also when the tests themselves run in the background.

    A shell starts background jobs with SIGINT ignored, and children inherit that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def log_lines_apart() -> None:
    """Keep log lines of servers on threads out of what a test reads as the output of a command.

    The standard error that Python started with is not the one that `capsys` looks at.
    """
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))
