"""The write-ahead log: what was answered 200 gets to Kafka, whatever happens to the gateway, to Kafka or to the disk.

KP_LOG_KILLS: how many times the gateway is killed.
"""

import contextlib
import json
import os
import random
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from http_gateway import PORT, Gateway, configuration, payloads
from proxy import ROOT
from waiting import until

KILLS = int(os.environ.get("KP_LOG_KILLS", "3"))


@pytest.fixture
def start(stage):
    """Starts a gateway with a log; `keep`: again, with the log of before."""

    def started(wait=True, kafka=None, port=PORT + 5, http=None, environment=None, **wal):
        wal = {"directory": str(stage.directory / "log"), **wal}
        config = configuration(stage.cluster, {"port": port, **(http or {})}, kafka, wal=wal)
        config["admin"]["address"] = f"127.0.0.1:{9440 + port - PORT}"
        made = Gateway("log", config, stage.directory / f"gateway-{port}", stage.network, environment)
        stage._running.append(made)
        made.launch()
        if wait:
            until("it listens", lambda: made.client(port=port).ask("GET", "/healthz").status == 200, 20)
        return made

    return started


class Load:
    """Clients that push one record after the other until the gateway is gone, and know which were answered 200."""

    def __init__(self, gateway, topic, name, clients=4):
        self.accepted, self.refused = [], []
        self._gateway, self._topic = gateway, topic
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(f"{name}-{n}",)) for n in range(clients)]

    def _run(self, name):
        with contextlib.closing(self._gateway.client(port=PORT + 5)) as client, contextlib.suppress(Exception):
            for n in range(1_000_000):
                if self._over.is_set():
                    return
                answer = client.push([{"topic": self._topic, "data": f"{name}-{n}"}])
                (self.accepted if answer.status == 200 else self.refused).append(f"{name}-{n}")

    def __enter__(self):
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for each in self._threads:
            each.join()


def all_sent(gateway):
    until("all is sent", lambda: gateway.metric("kafka_proxy_http_log_unsent_records") == 0, 60, every=0.2)


def in_order_per_client(found):
    """The first time that each record is there, a client's records come in the order in which it sent them."""
    newest = {}
    for name in dict.fromkeys(found):
        client, _, number = name.rpartition("-")
        assert int(number) > newest.get(client, -1), f"{name} after {client}-{newest.get(client)}"
        newest[client] = int(number)


def test_kills_lose_nothing_that_was_answered(start, stage, cluster):
    topic = cluster.create_topic("log-kills", 1)
    accepted = []
    luck = random.Random(7)
    for kill in range(KILLS):
        gateway = start(segment_bytes="64KiB")
        with Load(gateway, topic, f"k{kill}") as load:
            enough = luck.randint(50, 600)
            until("some are accepted", lambda load=load, enough=enough: len(load.accepted) >= enough, 60, every=0.01)
            stage.forget(gateway)
            gateway.child.kill()
        gateway.check_clean()
        accepted += load.accepted
    gateway = start()
    all_sent(gateway)
    found = payloads(cluster, topic)
    assert set(accepted) <= set(found)
    in_order_per_client(found)


def test_while_kafka_is_away_records_are_taken_and_sent_later(start, stage, healed):
    cluster = stage.cluster
    topic = cluster.create_topic("log-away", 1, replicas=1)
    leader = cluster.metadata([topic]).topics[topic][0].leader
    gateway = start(kafka={"queue_buffering_max_messages": 400}, segment_bytes="64KiB")
    with Load(gateway, topic, "a") as load:
        until("it runs", lambda: len(load.accepted) > 100, 20)
        cluster.kill(leader)
        some = len(load.accepted)
        until("it goes on", lambda: len(load.accepted) > some + 300, 60)
        assert gateway.admin("/metrics")[0] == 200
        cluster.restart(leader)
        some = len(load.accepted)
        until("and on", lambda: len(load.accepted) > some + 100, 20)
    assert load.refused == []
    all_sent(gateway)
    found = payloads(cluster, topic)
    assert set(load.accepted) <= set(found)
    in_order_per_client(found)


def test_a_reload_hands_over_to_other_brokers_what_those_of_before_did_not_take(start, stage, cluster):
    # Given a log of which the configured brokers take nothing
    topic = cluster.create_topic("log-handed", 1)
    gateway = start(kafka={"brokers": ["127.0.0.1:1"]}, segment_bytes="64KiB")
    with contextlib.closing(gateway.client(port=PORT + 5)) as client:
        for n in range(20):
            assert client.push([{"topic": topic, "data": f"a-{n}" + " " * 9000}]).status == 200
        # When others are configured, and clients go on
        gateway.config["http_produce"]["kafka"]["brokers"] = cluster.bootstrap()
        (gateway.directory / "config.yaml").write_text("# generation: 2\n" + json.dumps(gateway.config))
        until("it is in force", lambda: json.loads(gateway.admin("/config")[2])["generation"] == "2", 30)
        for n in range(20, 40):
            assert client.push([{"topic": topic, "data": f"a-{n}" + " " * 9000}]).status == 200
    # Then all are there, once and in order, and the log is empty but for the file that is written to
    all_sent(gateway)
    assert [found.strip() for found in payloads(cluster, topic)] == [f"a-{n}" for n in range(40)]
    until("its files are gone", lambda: gateway.metric("kafka_proxy_http_log_segments") <= 1, 30)


def test_what_kafka_refuses_is_kept_without_its_neighbours(start, cluster, stage):
    topic = cluster.create_topic("log-refused", 1, configs={"max.message.bytes": 20000})
    gateway = start()
    with contextlib.closing(gateway.client(port=PORT + 5)) as client:
        small = [{"topic": topic, "data": f"{n}" + "x" * 5000} for n in range(10)]
        assert client.push([*small, {"topic": topic, "data": "y" * 30000}]).status == 200
    all_sent(gateway)
    assert sorted(payloads(cluster, topic)) == [record["data"] for record in small]
    assert gateway.metric("kafka_proxy_http_log_rejected_total") == 1
    rejected = (stage.directory / "log" / "rejected").read_bytes()
    assert b"y" * 30000 in rejected and b"x" * 5000 not in rejected


def test_a_full_log_is_answered_503_until_kafka_has_taken_some(start, stage):
    gateway = start(kafka={"brokers": ["127.0.0.1:1"]}, max_bytes="1MiB", segment_bytes="64KiB")
    with contextlib.closing(gateway.client(port=PORT + 5)) as client:
        statuses = [client.push([{"topic": "t", "data": "x" * 200_000}]).status for _ in range(8)]
        refused = client.push([{"topic": "t", "data": "x" * 200_000}])
    assert statuses == [200] * 5 + [503] * 3
    assert "the log is full" in refused.json()["errors"][0]["message"] and refused.headers["retry-after"] == "1"
    assert gateway.metric("kafka_proxy_http_log_refused_total", reason="full") == 4
    stage.forget(gateway)
    gateway.child.kill()


def test_a_full_disk_is_answered_503_and_what_was_taken_stays(start, stage, cluster):
    topic = cluster.create_topic("log-disk", 1)
    disk = stage.directory / "disk"
    disk.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], check=True)
    try:
        gateway = start(kafka={"brokers": ["127.0.0.1:1"]}, directory=str(disk / "log"))
        with contextlib.closing(gateway.client(port=PORT + 5)) as client:
            answers = [client.push([{"topic": topic, "data": f"{n}-" + "x" * 50_000}]) for n in range(8)]
            refused = [answer for answer in answers if answer.status != 200]
            assert refused and {answer.status for answer in refused} == {503}
            assert "No space left on device" in refused[0].json()["errors"][0]["message"]
        stage.forget(gateway)
        gateway.child.kill()
        gateway = start(directory=str(disk / "log"))
        all_sent(gateway)
        taken = [n for n, answer in enumerate(answers) if answer.status == 200]
        assert [int(found.split("-")[0]) for found in payloads(cluster, topic)] == taken
        stage.end(gateway)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_slow_disk_holds_up_nobody_else_and_fills_no_memory(start, stage, cluster):
    # Given a disk that takes its time, and then all the time there is
    topic = cluster.create_topic("log-slow", 1)
    shim, standing = stage.directory / "slow_fsync.so", stage.directory / "disk-stands"
    source = ROOT / "tests" / "support" / "slow_fsync.c"
    stage.directory.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", shim, source], check=True)
    sanitizer = "exitcode=99:verify_asan_link_order=0:quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
    environment = {"LD_PRELOAD": str(shim), "KP_SLOW_DISK": str(standing), "ASAN_OPTIONS": sanitizer}
    gateway = start(http={"request_timeout": "30s"}, environment=environment, fsync="each")

    def push(name, size):
        with contextlib.closing(gateway.client(port=PORT + 5, seconds=90)) as client:
            return client.push([{"topic": topic, "data": f"{name} " + "x" * size}])

    assert push("first", 10).status == 200
    before = gateway.metric("process_resident_memory_bytes")
    # When clients push far more than may wait
    standing.touch()
    with ThreadPoolExecutor(50) as clients:
        pushed = [clients.submit(push, n, 500_000) for n in range(400)]
        while not all(each.done() for each in pushed):
            # Then others are answered
            with contextlib.closing(gateway.client(port=PORT + 5, seconds=60)) as client:
                assert client.ask("GET", "/healthz").status == 200
        answers = [each.result() for each in pushed]
    # and they are told to try again: those that wait when their time is over, all others at once
    said = [answer.json()["errors"][0]["message"] for answer in answers]
    late, early = "the log takes too long; the records may be in it", "the log is written too slowly"
    assert {answer.status for answer in answers} == {503} and set(said) == {late, early}
    assert 5 <= said.count(late) <= 40
    assert gateway.metric("process_resident_memory_bytes") - before < 100 << 20  # of the 200 that came
    # and what is in the log gets to Kafka
    standing.unlink()
    assert push("last", 10).status == 200
    all_sent(gateway)
    found = [name.split()[0] for name in payloads(cluster, topic)]
    assert (found[0], found[-1]) == ("first", "last") and len(found) <= 2 + said.count(late)


def test_a_torn_and_a_corrupt_tail_cost_only_themselves(start, stage, cluster):
    topic = cluster.create_topic("log-corrupt", 1)
    gateway = start(kafka={"brokers": ["127.0.0.1:1"]}, segment_bytes="64KiB")
    with contextlib.closing(gateway.client(port=PORT + 5)) as client:
        for n in range(6):
            assert client.push([{"topic": topic, "data": f"{n}-" + "x" * 30_000}]).status == 200
    stage.forget(gateway)
    gateway.child.kill()
    first, second, *_ = segments = sorted((stage.directory / "log").glob("*.wal"))
    content = bytearray(second.read_bytes())
    content[40_000] ^= 1  # in record 3
    second.write_bytes(content)
    with segments[-1].open("ab") as last:
        last.write(b"half")
    gateway = start()
    all_sent(gateway)
    assert [int(found.split("-")[0]) for found in payloads(cluster, topic)] == [0, 1, 2, 4, 5]
    assert "can't be read" in gateway.log and "not complete" in gateway.log
    assert until("it is kept", lambda: list((stage.directory / "log").glob("*.corrupt")), 10)


def test_a_log_belongs_to_one_process(start, stage):
    start()
    other = start(wait=False, port=PORT + 6)
    stage.forget(other)
    assert other.child.wait(20) != 0
    assert "in use by another process" in other.log


def test_fsync_each_makes_every_answer_safe(start, cluster):
    topic = cluster.create_topic("log-each", 1)
    gateway = start(fsync="each")
    with contextlib.closing(gateway.client(port=PORT + 5)) as client:
        for n in range(5):
            assert client.push([{"topic": topic, "data": str(n)}]).status == 200
    assert gateway.metric("kafka_proxy_http_log_fsyncs_total") >= 5
    all_sent(gateway)
    assert payloads(cluster, topic) == [str(n) for n in range(5)]
