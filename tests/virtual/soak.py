#!/usr/bin/env python3
"""A keyed workload of idempotent producers through two proxies, while brokers and proxies are killed and restarted; then
every record is read back from the right virtual partition, once, in order.

    soak.py RECORDS VIRTUAL PHYSICAL

Three brokers on loopback. Prints figures; ends with 1 where a record is missing, doubled or out of place.
"""

import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from confluent_kafka import Consumer, Producer
from kafka_cluster import KafkaCluster
from processes import Child
from virtual_ledger import Ledger, value_of
from waiting import until

BINARY = Path(os.environ.get("KP_BIN", ROOT / "build" / "bin" / "kafkaproxy"))
TOPIC = "soak"
BASE, FIRST, ADMIN = 38200, 38600, 38500  # brokers, proxies, their admin ports
KEYS = 5_000
PATIENCE_S = 240  # for a broker that starts again on a machine that has much else to do
IDLE_S = 120  # nothing moved for so long: it won't any more


class Proxy:
    def __init__(self, number, cluster, directory, virtual, physical):
        self.number = number
        self.base = FIRST + 50 * number
        self.directory = directory
        self.runs = itertools.count(1)
        self.child = None
        self.config = {
            "bind_address": "127.0.0.1",
            "upstream": {"bootstrap_servers": cluster.bootstrap("PLAINTEXT"), "security_protocol": "PLAINTEXT"},
            "downstream": {"security_protocol": "PLAINTEXT"},
            "broker_mapping": {
                "mode": "port_offset",
                "port_offset": {"hostname": "127.0.0.1", "base": self.base, "max_broker_id": 9},
            },
            "partition_mapping": {
                "virtual_partitions": virtual,
                "physical_partitions": physical,
                "topics": {TOPIC: {}},
            },
            "admin": {"address": f"127.0.0.1:{ADMIN + number}"},
        }

    def bootstrap(self):
        return f"127.0.0.1:{self.base}"

    def start(self):
        path = self.directory / f"proxy-{self.number}.yaml"
        path.write_text(json.dumps(self.config))
        log = self.directory / f"proxy-{self.number}-{next(self.runs)}.log"
        self.child = Child(f"proxy-{self.number}", [BINARY, "run", "--config", path], log)
        until("the proxy is ready", lambda: self.page("readyz") is not None, 30)
        return self

    def page(self, name):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{ADMIN + self.number}/{name}", timeout=2).read().decode()
        except OSError:
            return None

    def metric(self, name):
        rows = [row for row in (self.page("metrics") or "").splitlines() if row.startswith(name)]
        return sum(float(row.rpartition(" ")[2]) for row in rows)


def write(bootstrap, prefix, records):
    """A producer of its own: what it wrote of each key, and where, as JSON on standard output."""
    ledger = Ledger(1 << 30)
    failed = []

    def note(error, message):
        if error is not None:
            failed.append(str(error))
        else:
            ledger.note_written(message.key(), int(message.value()), message.partition())

    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "linger.ms": 20,
            "message.timeout.ms": 600_000,
            "queue.buffering.max.messages": 200_000,
        }
    )
    for n in range(records):
        key = f"{prefix}-{n % KEYS}".encode()
        while True:
            try:
                producer.produce(TOPIC, value_of(n // KEYS), key, on_delivery=note)
                break
            except BufferError:
                producer.poll(0.2)
        if n % 1000 == 0:
            producer.poll(0)
    left = producer.flush(600)
    faults = ledger.faults + failed[:5] + ([f"{left} not acknowledged"] if left else [])
    written = {key.decode(): [count, ledger.place_of(key)] for key, count in ledger.written.items()}
    print(json.dumps({"faults": faults, "written": written}))


def trouble(stop, cluster, proxies, log):
    """Kills and restarts, one at a time, until told to end."""
    choose = random.Random(7)
    for turn in itertools.count():
        if stop.wait(1):
            return
        if turn % 2 == 0:
            proxy = proxies[turn // 2 % 2]
            proxy.child.kill() if turn % 8 < 4 else proxy.child.stop(20)
            proxy.start()
            log.append(f"proxy {proxy.number}")
        else:
            broker = choose.choice([1, 2, 3])
            cluster.kill(broker)
            stop.wait(2)
            cluster.restart(broker, PATIENCE_S)
            cluster.wait_in_sync(PATIENCE_S)
            log.append(f"broker {broker}")


def read_back(ledger, proxies, members):
    consumers = [
        Consumer(
            {
                "bootstrap.servers": proxies[n % len(proxies)].bootstrap(),
                "group.id": "soak-read",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "session.timeout.ms": 30_000,
                "fetch.wait.max.ms": 100,
            }
        )
        for n in range(members)
    ]
    for consumer in consumers:
        consumer.subscribe([TOPIC], on_revoke=lambda c, _: ledger.read and c.commit(asynchronous=False))
    moved = time.monotonic()
    while time.monotonic() - moved < (3 if ledger.complete else IDLE_S):
        for consumer in consumers:
            for message in consumer.consume(5000, 0.05):
                if message.error() is None:
                    ledger.note_read(message.key(), message.value(), message.partition())
                    moved = time.monotonic()
    for consumer in consumers:
        consumer.close()


def main():
    records, virtual, physical = (int(n) for n in sys.argv[1:4])
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = KafkaCluster(directory / "cluster", 3, base_port=BASE)
        stack.callback(cluster.stop)
        cluster.start(300)
        cluster.create_topic(TOPIC, physical)
        proxies = [Proxy(n, cluster, directory, virtual, physical).start() for n in range(2)]
        stack.callback(lambda: [proxy.child.kill() for proxy in proxies])
        began = time.monotonic()
        writers = [
            subprocess.Popen(
                [sys.executable, __file__, "write", proxies[n % 2].bootstrap(), f"w{n}", str(records // 4)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for n in range(4)
        ]
        stop, log = threading.Event(), []
        upset = stack.enter_context(ThreadPoolExecutor(1)).submit(trouble, stop, cluster, proxies, log)
        stack.callback(stop.set)
        said = [json.loads(writer.communicate()[0]) for writer in writers]
        stop.set()
        upset.result()
        wrote = time.monotonic() - began
        cluster.wait_in_sync(PATIENCE_S)
        ledger = Ledger(virtual)
        for each in said:
            ledger.faults += each["faults"]
            for key, (count, place) in each["written"].items():
                ledger.note_all_written(key.encode(), count, place)
        print(f"written in {wrote:.0f} s; killed or restarted meanwhile: {len(log)} ({', '.join(log)})", flush=True)
        began = time.monotonic()
        read_back(ledger, proxies, 6)
        print(f"read back in {time.monotonic() - began:.0f} s")
        for proxy in proxies:
            print(f"proxy {proxy.number}: {proxy.metric('process_resident_memory_bytes') / 2**20:.0f} MiB resident")
        if "KP_KEEP" in os.environ:
            shutil.copytree(directory, os.environ["KP_KEEP"], ignore=shutil.ignore_patterns("cluster"))
        print(ledger.check())


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()
