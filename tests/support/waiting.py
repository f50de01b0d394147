"""Waiting with a deadline, for the tests' harness: never a bare sleep."""

import time


class Deadline(AssertionError):
    """What was waited for did not come in time."""


def until(what, probe, seconds=30.0, every=0.05):
    """Calls `probe` until it returns something true, and returns that. An exception counts as "not yet"."""
    end = time.monotonic() + seconds
    last = None
    while True:
        try:
            last = probe()
            if last:
                return last
        except Exception as error:  # the probe's world is still coming up: connection refused, no such file...
            last = error
        if time.monotonic() >= end:
            raise Deadline(f"not within {seconds:g} s: {what} (last: {last!r})")
        time.sleep(every)
