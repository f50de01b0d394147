#!/usr/bin/env python3
"""The translations before real brokers, with real clients: what the design could not be tried on with one broker.

    build/venv/bin/python tests/virtual/real_broker.py [PROBE…]

Three brokers on loopback, 20 virtual partitions on 2 physical ones. Prints what holds; ends with 1 where something
doesn't.
"""

import collections
import contextlib
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import confluent_kafka as ck
import jvm
import kafka_cluster
from kafka_cluster import KafkaCluster
from waiting import until

V, P = 20, 2
BASE = 38200
PROXY = 38900
# A retention that a probe can outlive; minutes are the least that Kafka knows.
kafka_cluster.COMMON |= {"offsets.retention.minutes": 1, "offsets.retention.check.interval.ms": 2000}


class Stage:
    def __init__(self, cluster, servers):
        self.cluster = cluster
        self.servers = servers

    def producer(self, **more):
        return ck.Producer({"bootstrap.servers": self.servers, "enable.idempotence": True, "linger.ms": 5, **more})

    def consumer(self, group, **more):
        settings = {"bootstrap.servers": self.servers, "group.id": group, "auto.offset.reset": "earliest"}
        return ck.Consumer(settings | {"enable.auto.commit": False, "session.timeout.ms": 6000, **more})

    def read_all(self, topic, wanted, seconds=90, group=None, **more):
        """partition → values, until `wanted` records are there."""
        consumer = self.consumer(group or f"read-{random.random()}", **more)
        consumer.subscribe([topic])
        read = collections.defaultdict(list)
        end = time.monotonic() + seconds
        while sum(map(len, read.values())) < wanted and time.monotonic() < end:
            for message in consumer.consume(1000, 1.0):
                if message.error() is None:
                    read[message.partition()].append(message.value().decode())
        # Anything more would be a record too many.
        for message in consumer.consume(100, 2.0):
            if message.error() is None:
                read[message.partition()].append(message.value().decode())
        if group:
            consumer.commit(asynchronous=False)
        consumer.close()
        return dict(read)

    def tool(self, main_class, *arguments, stdin=None, seconds=60):
        argv = jvm.command(main_class, *arguments, "--bootstrap-server", self.servers)
        return subprocess.run(argv, capture_output=True, text=True, timeout=seconds, input=stdin)


def check(holds, what):
    print(("holds: " if holds else "DOES NOT HOLD: ") + what, flush=True)
    return bool(holds)


def counts(written, read):
    return {v: (len(written[v]), len(read.get(v, []))) for v in written if written[v] != read.get(v, [])}


def leader_changes(stage):
    """Idempotent producers keep order and lose nothing while brokers are killed and come back."""
    topic = stage.cluster.create_topic("orders", P)
    written = {v: [] for v in range(V)}
    failed = []
    producer = stage.producer()
    stop = threading.Event()

    def write():
        i = 0
        while not stop.is_set():
            v = i % V
            value = f"{v}-{i}"
            written[v].append(value)
            producer.produce(topic, value.encode(), partition=v, on_delivery=lambda e, m: failed.append(e) if e else None)
            producer.poll(0)
            i += 1
            time.sleep(0.0005)
        producer.flush(60)

    writer = threading.Thread(target=write)
    writer.start()
    moved = 0
    for broker in (1, 2):
        time.sleep(2)
        before = {n: p.leader for n, p in stage.cluster.metadata([topic]).topics[topic].items()}
        stage.cluster.kill(broker)
        until("another leads", lambda b=broker: all(
            p.leader not in (-1, b) for p in stage.cluster.metadata([topic]).topics[topic].values()), 30)
        moved += sum(p.leader != before[n] for n, p in stage.cluster.metadata([topic]).topics[topic].items())
        time.sleep(1)
        stage.cluster.restart(broker)
    stage.cluster.wait_in_sync()
    stop.set()
    writer.join()
    total = sum(map(len, written.values()))
    read = stage.read_all(topic, total)
    ok = check(moved > 0, f"leaders moved: {moved}")
    ok &= check(not failed, f"no produce failed: {len(failed)} of {total}")
    wrong = counts(written, read)
    return ok & check(not wrong, f"{total} records over {V} partitions, each once and in order; differing: {wrong}")


def topic_ids(stage):
    """Java 4.3 produces and fetches by topic id (Produce 13, Fetch 13+)."""
    topic = stage.cluster.create_topic("byid", P)
    lines = "".join(f"k{i % 50}:v{i}\n" for i in range(2000))
    wrote = stage.tool("org.apache.kafka.tools.ConsoleProducer", "--topic", topic, "--property", "parse.key=true",
                       "--property", "key.separator=:", stdin=lines)
    ok = check(wrote.returncode == 0, f"ConsoleProducer: {wrote.returncode} {wrote.stderr[-300:]}")
    read = stage.tool("org.apache.kafka.tools.consumer.ConsoleConsumer", "--topic", topic, "--from-beginning",
                      "--max-messages", "2000", "--timeout-ms", "40000", "--group", "java",
                      "--property", "print.partition=true", "--property", "print.key=true")
    rows = [line.split("\t") for line in read.stdout.splitlines() if line.startswith("Partition:")]
    partitions = {row[0] for row in rows}
    places = collections.defaultdict(set)
    values = collections.defaultdict(list)
    for partition, key, value in rows:
        places[key].add(partition)
        values[key].append(int(value[1:]))
    ok &= check(len(rows) == 2000, f"records read: {len(rows)} {read.stderr[-300:]}")
    ok &= check(len(partitions) > P, f"partitions seen: {len(partitions)}")
    ok &= check(all(len(p) == 1 for p in places.values()), "each key stands in one partition")
    return ok & check(all(v == sorted(v) for v in values.values()), "each key's records are in order")


def groups(stage):
    """Commits go to shadows; two members, a restart, and nothing is read twice."""
    topic = stage.cluster.create_topic("grouped", P)
    producer = stage.producer()
    for i in range(1000):
        producer.produce(topic, str(i).encode(), partition=i % V)
    producer.flush(30)
    first = stage.read_all(topic, 1000, group="größe")
    ok = check(sum(map(len, first.values())) == 1000, "1000 records read and committed")
    for i in range(1000, 1200):
        producer.produce(topic, str(i).encode(), partition=i % V)
    producer.flush(30)
    again = stage.read_all(topic, 200, group="größe")
    values = sorted(int(v) for each in again.values() for v in each)
    ok &= check(values == list(range(1000, 1200)), f"after a restart only what is new: {len(values)}")
    listed = stage.tool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "--list").stdout.split()
    ok &= check("größe" in listed and not any("~v" in g for g in listed), f"groups listed: {listed}")
    shown = stage.tool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "--describe", "--group", "größe").stdout
    rows = [line.split() for line in shown.splitlines() if topic in line]
    return ok & check(len(rows) == V, f"describe shows {len(rows)} partitions")


def transactional_commits(stage):
    """Offsets that a transaction commits to a shadow: set by a commit, left by an abort; how long they stay."""
    topic = stage.cluster.create_topic("txn-in", P)
    out = stage.cluster.create_topic("txn-out", 1)
    producer = stage.producer()
    for v in range(V):
        producer.produce(topic, b"x", partition=v)
    producer.flush(30)
    consumer = stage.consumer("eos")
    consumer.assign([ck.TopicPartition(topic, v, 0) for v in range(V)])
    transactional = stage.producer(**{"transactional.id": "t1"})
    transactional.init_transactions(30)

    def committed():
        return {p.partition: p.offset for p in consumer.committed([ck.TopicPartition(topic, v) for v in range(V)], 20)}

    def transaction(offset, commit):
        transactional.begin_transaction()
        transactional.produce(out, b"y")
        offsets = [ck.TopicPartition(topic, v, offset) for v in range(V)]
        transactional.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata(), 20)
        (transactional.commit_transaction if commit else transactional.abort_transaction)(20)

    transaction(1, commit=False)
    ok = check(all(o < 0 for o in committed().values()), "an abort leaves no offset, in shadows neither")
    transaction(2, commit=True)
    until("offsets are there", lambda: all(o == 2 for o in committed().values()), 20)
    ok &= check(True, "a commit sets the offsets of all groups")
    plain = [ck.TopicPartition(topic, v, 7) for v in range(V)]
    other = stage.consumer("plain-commits")
    other.assign([ck.TopicPartition(topic, v, 0) for v in range(V)])
    other.commit(offsets=plain, asynchronous=False)
    began = time.monotonic()

    def shown(group):
        c = stage.consumer(group)
        found = {p.partition: p.offset for p in c.committed([ck.TopicPartition(topic, v) for v in range(V)], 20)}
        c.close()
        return found

    expired = until("offsets of the transaction expire", lambda: all(o < 0 for o in committed().values()), 150, 3)
    print(f"seen: TxnOffsetCommit to a shadow (and to a group without members) expires after {time.monotonic() - began:.0f} s "
          f"with offsets.retention.minutes=1: {expired}")
    left = shown("plain-commits")
    ok &= check(all(left[v] == 7 for v in range(P, V)), f"OffsetCommit with its retention time outlives it: {left}")
    # The remedy: after the transaction the same offsets once more, by OffsetCommit with a retention time.
    transaction(3, commit=True)
    until("offsets are there", lambda: all(o == 3 for o in committed().values()), 20)
    consumer.commit(offsets=[ck.TopicPartition(topic, v, 3) for v in range(V)], asynchronous=False)
    time.sleep(75)
    kept = committed()
    ok &= check(all(kept[v] == 3 for v in range(P, V)), f"committed once more without a transaction it stays: {kept}")
    return ok


def commits_beside_a_transaction(stage):
    """A commit that comes between a transaction's and its end outlives it: why nothing is renewed behind a group's back."""
    topic = stage.cluster.create_topic("aside", 1)
    out = stage.cluster.create_topic("aside-out", 1)
    consumer = stage.consumer("aside")
    consumer.assign([ck.TopicPartition(topic, 0, 0)])
    transactional = stage.producer(**{"transactional.id": "t3"})
    transactional.init_transactions(30)

    def commit(offset):
        consumer.commit(offsets=[ck.TopicPartition(topic, 0, offset)], asynchronous=False)

    def committed():
        return consumer.committed([ck.TopicPartition(topic, 0)], 20)[0].offset

    commit(5)
    transactional.begin_transaction()
    transactional.produce(out, b"y")
    moved = [ck.TopicPartition(topic, 0, 10)]
    transactional.send_offsets_to_transaction(moved, consumer.consumer_group_metadata(), 20)
    commit(5)
    transactional.commit_transaction(20)
    until("the transaction has ended", lambda: committed() >= 0, 20)
    return check(committed() == 5, f"10 was committed by the transaction, 5 beside it: {committed()} stays")


def transactional_writes(stage):
    """A transaction can't write to a virtual topic: the client is told at once."""
    topic = stage.cluster.create_topic("txn-in-2", P)
    producer = stage.producer(**{"transactional.id": "t2"})
    producer.init_transactions(30)
    producer.begin_transaction()
    refused = None
    try:
        producer.produce(topic, b"z", partition=3)
        producer.commit_transaction(20)
    except ck.KafkaException as error:
        refused = error.args[0].code()
    return check(refused == ck.KafkaError.INVALID_TXN_STATE, f"a transactional write is refused: {refused}")


def live_groups(stage):
    """A live group's shadows: a member that fell out commits nowhere; offsets stay while the group lives."""
    topic = stage.cluster.create_topic("live", P)
    producer = stage.producer()
    for v in range(V):
        producer.produce(topic, b"x", partition=v)
    producer.flush(30)
    member = stage.consumer("living")
    member.subscribe([topic])
    got = []
    until("all partitions are assigned", lambda: got.extend(member.consume(100, 1.0)) or len(member.assignment()) == V, 40)
    stranger = stage.consumer("living")
    stranger.assign([ck.TopicPartition(topic, 5, 0)])
    code = None
    try:
        stranger.commit(offsets=[ck.TopicPartition(topic, 5, 1)], asynchronous=False)
    except ck.KafkaException as error:
        code = error.args[0].code()
    ok = check(code == ck.KafkaError.UNKNOWN_MEMBER_ID, f"who is no member may not commit to a shadow: {code}")
    member.commit(offsets=[ck.TopicPartition(topic, v, 1) for v in range(V)], asynchronous=False)
    stranger.close()
    member.close()
    return ok


def formats(stage):
    """Topic-level compression and LogAppendTime: brokers rebuild batches; the tags stay."""
    ok = True
    for name, config in {"zstd": "compression.type=zstd", "gzip": "compression.type=gzip",
                         "append": "message.timestamp.type=LogAppendTime"}.items():
        topic = f"format-{name}"
        made = stage.cluster.tool("org.apache.kafka.tools.TopicCommand", "--create", "--topic", topic, "--partitions", P,
                                  "--config", config)
        del made
        written = {v: [] for v in range(V)}
        for idempotent in (True, False):
            producer = stage.producer(**({} if idempotent else {"enable.idempotence": False}))
            for i in range(400):
                value = f"{idempotent}-{i}"
                written[i % V].append(value)
                producer.produce(topic, value.encode(), partition=i % V)
            producer.flush(30)
        wrong = counts(written, stage.read_all(topic, 800))
        ok &= check(not wrong, f"{config}: idempotent and plain records come back; differing: {wrong}")
    return ok


PROBES = {f.__name__: f for f in (topic_ids, groups, formats, live_groups, leader_changes, transactional_writes,
                                     commits_beside_a_transaction, transactional_commits)}


def main():
    names = sys.argv[1:] or list(PROBES)
    subprocess.run([ROOT / "scripts" / "build.sh", "asan", "virtual_mini_proxy"], check=True, stdout=subprocess.DEVNULL)
    jvm.prepare()
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        cluster = KafkaCluster(Path(directory) / "cluster", 3, base_port=BASE)
        stack.callback(cluster.stop)
        cluster.start(300)
        brokers = ",".join(f"{n}={b.address('PLAINTEXT')}" for n, b in cluster.brokers.items())
        proxy = subprocess.Popen([ROOT / "build-asan/bin/virtual_mini_proxy", str(PROXY), brokers,
                                  *(f"{t}:{V}:{P}" for t in ("orders", "byid", "grouped", "txn-in.*", "live", "format-.*"))],
                                 stdout=subprocess.PIPE)
        stack.callback(proxy.kill)
        proxy.stdout.readline()
        stage = Stage(cluster, ",".join(f"127.0.0.1:{PROXY + n}" for n in cluster.brokers))
        results = []
        for name in names:
            print(f"-- {name}: {PROBES[name].__doc__.splitlines()[0]}", flush=True)
            began = time.monotonic()
            results.append(PROBES[name](stage))
            print(f"   {time.monotonic() - began:.0f} s", flush=True)
        if proxy.poll() is not None:
            results.append(check(False, f"the proxy ended with {proxy.returncode}"))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
