"""How a run of tests ends: import the fixture into a conftest.py."""

import signal

import pytest


@pytest.fixture(scope="session", autouse=True)
def end_in_order():
    """SIGTERM tears everything down as Ctrl-C does, and Ctrl-C does so also where a shell made us ignore it."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
