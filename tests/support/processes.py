"""Child processes of the harness: their output goes to a file, and they never outlive us."""

import ctypes
import os
import signal
import subprocess
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def die_with_parent():
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """A running program. `log` holds stdout and stderr together."""

    def __init__(self, name, argv, log, env=None, namespace=None, cwd=None):
        self.name = name
        self.log = Path(log)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if namespace is not None:
            argv = namespace.command(argv)
        with self.log.open("ab") as out:
            # A session of its own: Ctrl-C at the terminal reaches the harness, which then stops its children in order.
            self.process = subprocess.Popen(
                [str(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def output(self):
        return self.log.read_text(errors="replace")

    def tail(self, lines=40):
        return "\n".join(self.output().splitlines()[-lines:])

    def signal(self, number):
        if self.running():
            self.process.send_signal(number)

    def kill(self):
        """SIGKILL: no goodbye to anybody."""
        self.signal(signal.SIGKILL)
        self.process.wait(30)

    def stop(self, seconds=20.0):
        """SIGTERM, then SIGKILL after the deadline. Returns the exit code (negative: ended by that signal)."""
        self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def wait(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.returncode
