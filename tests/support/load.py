"""Clients at work while somebody changes what they work with: they write at a steady rate, read along, and count."""

import itertools
import json
import re
import sys
from pathlib import Path

import jvm
from processes import Child
from waiting import until

# What librdkafka tells of a connection that ended, and goes on; the last of a commit that fell due while it looked for
# its coordinator again: the next one has the same offsets and more.
DISCONNECTS = {"_TRANSPORT", "_ALL_BROKERS_DOWN", "_WAIT_COORD"}


class Watch:
    """Java's producer and reader, see WatchProduce.java; `stop` is the file that ends it."""

    def __init__(self, child, stop):
        self.child = child
        self._stop = stop

    def acked(self):
        """Records acknowledged so far; fails at once when the program has ended."""
        assert self.child.running(), self.child.tail()
        whole = self.child.output().split("\n")[:-1]  # the last line may be half there
        numbers = [line.split("acked=")[1].split()[0] for line in whole if "progress acked=" in line]
        return int(numbers[-1]) if numbers else 0

    def finish(self, seconds=120):
        """Every acknowledged record is there, none twice, none failed; the program checks that itself."""
        self._stop.touch()
        status = self.child.wait(seconds)
        assert status == 0, self.child.tail()
        assert "lost=0 doubled=0" in self.child.output(), self.child.tail()


class Load:
    """A Java producer with idempotence, its reader, and a group of librdkafka; `finish` judges what they saw."""

    def __init__(self, directory, namespace, topic, addresses, properties, librdkafka, rate=200):
        """addresses: all that a client may be told of; properties: Java's file; librdkafka: settings with the bootstrap
        servers; rate: records a second."""
        self.topic = topic
        self.rate = rate
        self.watch = None
        self._directory = Path(directory)
        self._namespace = namespace
        self._settings = librdkafka
        self._told = self._directory / "records"
        self._told.unlink(missing_ok=True)
        self.group = self._start_group()
        try:
            until("the group's members have their partitions", self._settled, 60)
            self.watch = self._start_watch(addresses, properties)
            until("records flow", lambda: self.watch.acked() > 2 * rate and self.read() > 2 * rate, 60)
        except BaseException:
            self.kill()
            raise

    def _child(self, name, argv):
        return Child(name, argv, self._directory / f"{name}.log", namespace=self._namespace)

    def _start_group(self):
        program = Path(__file__).with_name("rdkafka_group.py")
        return self._child("group", [sys.executable, program, json.dumps(self._settings), self.topic, 2, self._told])

    def _settled(self):
        """Both share the partitions, by the last that each was told."""
        last = dict(re.findall(r"^assigned (\d) (\d)$", self.group.output(), re.MULTILINE))
        return len(last) == 2 and sorted(last.values()) == ["1", "2"]

    def _start_watch(self, addresses, properties):
        stop = self._directory / "stop"
        stop.unlink(missing_ok=True)
        options = {
            "bootstrap": self._settings["bootstrap.servers"],
            "config": properties,
            "expect-addresses": ",".join(sorted(addresses)),
            "topic": self.topic,
            "rate": self.rate,
            "seconds": 3600,
            "until-file": stop,
        }
        argv = jvm.command(
            "dev.kafkaproxy.tests.ClientScenarios",
            "watch-produce",
            *itertools.chain.from_iterable((f"--{name}", value) for name, value in options.items()),
        )
        return Watch(self._child("watch", argv), stop)

    def read(self):
        """Records that the group has read so far."""
        assert self.group.running(), self.group.tail()
        return int(re.findall(r"^progress read=(\d+)$", self.group.output(), re.MULTILINE)[-1])

    def wait_for_more(self, seconds=30):
        acked, read = self.watch.acked() + self.rate, self.read() + self.rate
        until("records flow", lambda: self.watch.acked() > acked and self.read() > read, seconds)

    def errors(self):
        """(time, the whole line) of all that librdkafka's callbacks were told."""
        lines = re.findall(r"^error (\S+) (.*)$", self.group.output(), re.MULTILINE)
        return [(float(at), text) for at, text in lines]

    def finish(self):
        """The Java program compares what it wrote with the log, and with what its own reader saw."""
        self.watch.finish(180)
        sent, errors = map(int, re.search(r"sent=(\d+) acked=\1 errors=(\d+)", self.watch.child.output()).groups())
        assert errors == 0, self.watch.child.tail()
        self._told.write_text(str(sent))
        assert self.group.wait(90) == 0, self.group.tail()
        report = json.loads(self.group.output().split("report ", 1)[1])
        found = {key: report[key] for key in ("wanted", "read", "missing", "unknown", "doubled", "again")}
        nothing = {"missing": [], "unknown": [], "doubled": {}, "again": []}
        assert found == {"wanted": sent, "read": sent} | nothing
        return sent

    def kill(self):
        """For one whose test has failed."""
        for child in filter(None, (self.group, self.watch and self.watch.child)):
            if child.running():
                child.kill()
