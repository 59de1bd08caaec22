"""Fixtures for all tests."""

import signal

import pytest

pytest_plugins = ["tests.postgres"]


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Let what tests start be interrupted, also when the tests themselves run in the background.

    A shell starts background jobs with SIGINT ignored, and children inherit that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
