"""Client programs of several families that do what they are told, and what each is told to do with virtual partitions.

The programs (tests/clients, VirtualClient.java) read a command a line, and answer with lines:

    partitions TOPIC                                  partitions COUNT
    write TOPIC PREFIX KEYS FIRST COUNT PARTITION     written KEY NUMBER PARTITION, for each record; done
    join MEMBER GROUP TOPIC manual|auto               assigned MEMBER P,P,…; read MEMBER KEY NUMBER PARTITION
    follow MEMBER TOPIC PARTITION                     read …; position MEMBER OFFSET, where the client tells
    leave MEMBER                                      left MEMBER

PARTITION -1 leaves it to the client and the key. `failed REASON` ends a program, `log …` is for us to read.
"""

import contextlib
import queue
import subprocess
import threading
import time

import jvm
from processes import die_with_parent
from virtual_ledger import Ledger

LIMIT_S = 90
MAX_WAIT_S = 0.5  # of a Fetch, at least
BY_KEY = -1
CLIENTS = jvm.ROOT / "build" / "clients"


def command(family, bootstrap):
    if family == "java":
        return jvm.command("dev.kafkaproxy.tests.VirtualClient", bootstrap)
    if family == "kafkajs":
        return ["node", CLIENTS / "kafkajs.js", bootstrap]
    return [CLIENTS / "clients", family, bootstrap]


class Client:
    """A running client program, and what it has said."""

    def __init__(self, family, bootstrap, namespace, log):
        self.name = family
        self.positions = {}
        self.logged = []
        self.assigned = {}  # member -> its partitions
        self._ledgers = {}  # member -> who notes what it reads
        self._left = set()
        self._log = log
        with log.open("ab") as err:
            self._process = subprocess.Popen(
                [str(part) for part in namespace.command(command(family, bootstrap))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
                bufsize=1,
                preexec_fn=die_with_parent,
            )
        self._lines = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        with self._log.open("a") as out:
            for line in self._process.stdout:
                out.write(line)
                out.flush()
                self._lines.put(line.split())
        self._lines.put(["failed", "it has ended"])

    def _tell(self, *words):
        self._process.stdin.write(" ".join(map(str, words)) + "\n")

    def _hear(self, end, what):
        """The next line's words."""
        try:
            words = self._lines.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            raise AssertionError(f"{self.name}: not within {LIMIT_S} s: {what}; see {self._log}") from None
        self._note(words, what)
        return words

    def _note(self, words, what):
        kind, *told = words
        assert kind != "failed", f"{self.name}: {what}: {' '.join(told)}; see {self._log}"
        if kind == "read":
            member, key, number, partition = told
            self._ledgers[member].note_read(key, number, int(partition))
        elif kind == "assigned":
            self.assigned[told[0]] = {int(each) for part in told[1:] for each in part.split(",")}
        elif kind == "position":
            self.positions[told[0]] = int(told[1])
        elif kind == "left":
            self._left.add(told[0])
        elif kind == "log":
            self.logged.append(" ".join(told))

    def until(self, what, holds):
        end = time.monotonic() + LIMIT_S
        while not holds():
            self._hear(end, what)

    def listen(self, seconds):
        """For that long, whatever comes."""
        end = time.monotonic() + seconds
        with contextlib.suppress(queue.Empty):
            while True:
                self._note(self._lines.get(timeout=max(0.0, end - time.monotonic())), "listening")

    def partitions(self, topic):
        self._tell("partitions", topic)
        end = time.monotonic() + LIMIT_S
        while (words := self._hear(end, f"partitions of {topic}"))[0] != "partitions":
            pass
        return int(words[1])

    def write(self, topic, prefix, keys, first, count, ledgers, partition=BY_KEY):
        """Records `first` to `first + count - 1` of each key, acknowledged when this returns."""
        self._tell("write", topic, prefix, keys, first, count, partition)
        end = time.monotonic() + LIMIT_S
        while (words := self._hear(end, f"writing to {topic}"))[0] != "done":
            if words[0] == "written":
                for ledger in ledgers:
                    ledger.note_written(words[1], int(words[2]), int(words[3]))

    def join(self, member, group, topic, commits, ledger):
        self._ledgers[member] = ledger
        self._tell("join", member, group, topic, commits)

    def follow(self, member, topic, partition, ledger):
        self._ledgers[member] = ledger
        self._tell("follow", member, topic, partition)

    def leave(self, *members):
        for member in members:
            self._tell("leave", member)
            self.until(f"{member} leaves", lambda member=member: member in self._left)
            self.assigned.pop(member, None)

    def close(self):
        self._process.stdin.close()
        self._process.wait(LIMIT_S)

    def kill(self):
        self._process.kill()
        self._process.wait()


def until(clients, what, holds):
    """As Client.until, of what several programs say."""
    end = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < end, f"not within {LIMIT_S} s: {what}"
        for client in clients:
            client.listen(0.05)


class Groups:
    """Two groups that read the same topic: one commits by hand, one leaves that to its client. `again`: its members may
    end without a commit."""

    def __init__(self, name, topic, virtual, again=False):
        self.name = name
        self.topic = topic
        self.virtual = virtual
        self.ledgers = {commits: Ledger(virtual, again) for commits in ("manual", "auto")}

    def join(self, client, number):
        for commits, ledger in self.ledgers.items():
            client.join(f"{commits}-{number}", f"{self.name}-{commits}", self.topic, commits, ledger)

    def leave(self, client, numbers):
        client.leave(*(f"{commits}-{number}" for commits in self.ledgers for number in numbers))

    def read_all(self, *clients):
        def complete():
            faults = [fault for ledger in self.ledgers.values() for fault in ledger.faults]
            assert not faults, f"{self.name}: {faults}"
            return all(ledger.complete for ledger in self.ledgers.values())

        until(clients, "every group reads what was written", complete)

    def share(self, members, *clients):
        """The partitions of each member, of its number, in the group that commits by hand."""

        def owned(commits):
            assigned = {member: parts for client in clients for member, parts in client.assigned.items()}
            return [assigned.get(f"{commits}-{n}", set()) for n in members]

        def shared(commits):
            parts = owned(commits)
            return all(parts) and sorted(each for part in parts for each in part) == list(range(self.virtual))

        until(clients, f"{len(members)} members share the partitions", lambda: all(map(shared, self.ledgers)))
        return owned("manual")


def keyed_records(start, name, topic, virtual, physical, keys=60):
    """Written by key, read by growing groups, and by those that come after them. `start`: a client program anew."""
    client, groups = start(), Groups(name, topic, virtual)
    assert client.partitions(topic) == virtual

    def write(first, count):
        client.write(topic, name, keys, first, count, groups.ledgers.values())

    write(0, 10)
    groups.join(client, 0)
    groups.read_all(client)
    groups.join(client, 1)
    groups.join(client, 2)
    parts = [{v % physical for v in part} for part in groups.share(range(3), client)]
    assert parts[0] & parts[1], f"no two members share a physical partition: {parts}"
    write(10, 10)
    groups.read_all(client)
    groups.leave(client, range(3))
    client.close()

    client = start()
    write(20, 5)
    groups.join(client, 3)
    groups.read_all(client)
    groups.leave(client, [3])
    client.close()
    return "; ".join(ledger.check() for ledger in groups.ledgers.values())


def crowded(start, name, topic, virtual, keys=60):
    """Groups grow to as many members as there are virtual partitions, lose half of them by a crash, get them back and
    shrink to one; whoever there is reads what is written. `start(n)`: a client program anew, by one of two ways."""
    groups, written = Groups(name, topic, virtual, again=True), 0
    staying, crashing = start(0), start(1)

    def write():
        nonlocal written
        staying.write(topic, name, keys, written, 5, groups.ledgers.values())
        written += 5

    def share_and_read(members, *clients):
        """One after the other: whose lines come first tells nothing where partitions go from program to program."""
        groups.share(members, *clients)
        write()
        groups.read_all(*clients)

    there = 0
    for size in (1, virtual // 4, virtual):
        for number in range(there, size):
            groups.join((staying, crashing)[number % 2], number)
        there = size
        share_and_read(range(size), staying, crashing)
    crashing.kill()
    write()
    share_and_read(range(0, virtual, 2), staying)
    again = start(1)
    for number in range(1, virtual, 2):
        groups.join(again, number)
    share_and_read(range(virtual), staying, again)
    groups.leave(again, range(1, virtual, 2))
    again.close()
    groups.leave(staying, range(2, virtual, 2))
    share_and_read([0], staying)
    groups.leave(staying, [0])
    staying.close()
    return "; ".join(ledger.check() for ledger in groups.ledgers.values())


def idle_beside_busy(start, topic, virtual, fetches, idle, busy, quiet_s=3.0):
    """A follower of a partition in which nothing happens, while another of the same physical one is busy. It asks
    once for each batch, which may be a record, and then as often as a Fetch waits in vain: twice that is not spinning.
    `fetches`: how many there were so far."""
    client, own, others, writes = start(), Ledger(virtual), Ledger(virtual), 20
    client.write(topic, "idle", 1, 0, 1, [own], idle)
    client.follow("follower", topic, idle, own)
    client.until("the follower reads the first record", lambda: own.complete)
    before, began = fetches(), time.monotonic()
    for n in range(writes):
        client.write(topic, "busy", 1, 5 * n, 5, [others], busy)
    client.listen(quiet_s)
    asked, due = fetches() - before, 5 * writes + (time.monotonic() - began) / MAX_WAIT_S
    assert 0 < asked <= 2 * due, f"{asked} Fetch requests where about {due:.0f} were due"
    if client.positions:
        assert client.positions["follower"] == 1 + 5 * writes, "the position stays before records of others"
    client.write(topic, "idle", 1, 1, 1, [own], idle)
    client.until("the follower reads the second record", lambda: own.complete)
    broken = [line for line in client.logged if "EOF" in line]
    assert not broken, f"the client takes answers for broken ones: {broken}"
    client.leave("follower")
    client.close()
    own.check()
    return f"{asked:.0f} Fetch requests, about {due:.0f} due"


def outlived_by_retention(start, topic, virtual, delete, fetches, readers, idle, busy, quiet_s=3.0):
    """A group whose commit in an idle partition lies before the log's start, since busy neighbours have had all of it
    deleted: it waits there without spinning, and reads what comes. Then again, with a record behind the new start.
    `delete`: what lies before an offset, of the physical partition. `readers`: how many ask at a time."""
    client = start()

    def write(prefix, count, partition, *ledgers):
        client.write(topic, prefix, 1, 0, count, ledgers, partition)

    def read(member, ledger, between=lambda: None):
        client.join(member, topic, topic, "manual", ledger)
        client.until(f"{member} has all partitions", lambda: len(client.assigned.get(member, ())) == virtual)
        between()
        client.until(f"{member} reads what there is", lambda: ledger.complete)
        client.leave(member)
        ledger.check()

    ledgers = [Ledger(virtual) for _ in range(3)]
    write("first", 1, idle, ledgers[0])
    read("before", ledgers[0])
    write("lost", 10, busy)
    delete(11)
    before, began = fetches(), time.monotonic()

    def wait():
        client.listen(quiet_s)
        asked, due = fetches() - before, readers * (time.monotonic() - began) / MAX_WAIT_S
        assert 0 < asked <= 3 * due, f"{asked} Fetch requests where about {due:.0f} were due"
        write("second", 1, idle, ledgers[1])

    read("waiting", ledgers[1], wait)
    write("lost", 10, busy)
    write("third", 1, idle, ledgers[2])
    delete(22)
    read("after", ledgers[2])
    client.close()
