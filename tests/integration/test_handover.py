"""A new process takes over the listening sockets of the old one: nobody is refused, no record is lost."""

import contextlib
import socket
import tempfile
from pathlib import Path

import pytest

import kafka_wire
import netns
from http_gateway import PORT, Client, payloads
from proxy import DYNAMIC_BOOTSTRAP, HOST, Mode, configuration

MODES = [Mode("port_offset", False, True), Mode("sni", True, False), Mode("dynamic", False, False)]
RANDOM_PORTS = {"min_port": 0, "deterministic": False}


class Upgrade:
    """Processes that hand over to one another."""

    def __init__(self, stage, mode):
        self.stage, self.mode = stage, mode
        self._folder = tempfile.TemporaryDirectory(prefix="kp-")  # a socket's path has 107 bytes at most
        self.socket = Path(self._folder.name) / "handover.sock"
        self._count = 0

    def start(self, wait=True, **changes):
        self._count += 1
        name = f"process-{self._count}"
        flags = ["--config", self.stage.directory / name / "config.yaml", "--handover", self.socket]
        return self.stage.proxy(self.mode, name, wait, flags=flags, **changes)

    def gone(self, process):
        """It has ended in order by itself."""
        self.stage.forget(process)
        assert process.child.wait(30) == 0, process.child.tail()
        process.check_clean()
        assert "another process has taken over" in process.log


def answered(clients, broker_id=None):
    """A new connection gets an answer."""
    with clients.to_bootstrap() if broker_id is None else clients.to_broker(broker_id) as sock:
        assert kafka_wire.metadata(sock)


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_nobody_is_refused_while_processes_take_turns(stage, mode):
    upgrade = Upgrade(stage, mode)
    running = upgrade.start()
    clients = stage.clients(mode)
    watch = clients.start_watch(broker_ids=(1, 2, 3))
    for _ in range(3):
        successor = upgrade.start(wait=False)
        connections = 0
        while running.child.running():
            answered(clients)
            answered(clients, 1 + connections % 3)
            connections += 1
        assert connections > 0
        upgrade.gone(running)
        running = successor
        answered(clients)
    watch.finish()
    assert "took over from the process before" in running.log


def test_brokers_keep_ports_that_were_chosen_at_random(stage):
    mode = Mode("dynamic", False, False)
    upgrade = Upgrade(stage, mode)
    mapping = configuration(mode, stage.cluster)["broker_mapping"]["dynamic"] | RANDOM_PORTS
    mapping["bootstrap"] = mapping["bootstrap"][:1]
    first = upgrade.start(broker_mapping={"dynamic": mapping})
    before = {broker: entry["downstream"] for broker, entry in first.brokers().items()}
    assert before[2] != f"{HOST}:{DYNAMIC_BOOTSTRAP + 2}"
    second = upgrade.start(broker_mapping={"dynamic": mapping})
    upgrade.gone(first)
    assert {broker: entry["downstream"] for broker, entry in second.brokers().items()} == before


def test_a_successor_that_cannot_start_leaves_the_old_process_as_it_was(stage):
    mode = MODES[0]
    upgrade = Upgrade(stage, mode)
    running = upgrade.start()
    clients = stage.clients(mode)
    with clients.to_bootstrap() as kept:
        assert kafka_wire.metadata(kept)
        failing = upgrade.start(wait=False, downstream={"security_protocol": "SSL", "tls": {"cert": "missing.pem"}})
        stage.forget(failing)
        assert failing.child.wait(30) == 1, failing.child.tail()
        assert "missing.pem" in failing.log
        assert kafka_wire.metadata(kept)
    answered(clients)
    assert "handover came to nothing" in running.log
    successor = upgrade.start()
    upgrade.gone(running)
    assert successor.child.running()


def test_a_log_that_is_in_use_is_refused_to_the_successor(stage, cluster):
    # Given a process with a log, whose records wait for Kafka
    mode = MODES[0]
    upgrade = Upgrade(stage, mode)
    topic = cluster.create_topic("handover-log", 1)

    def http(log):
        kafka = {"queue_buffering_max_ms": 3000, "message_timeout_ms": 60000}
        return {"http": {"port": PORT}, "kafka": kafka, "wal": {"directory": str(stage.directory / log)}}

    def push(data):
        with contextlib.closing(Client(stage.network)) as client:
            return client.push([{"topic": topic, "data": data}]).status

    running = upgrade.start(http_produce=http("log"))
    assert push("before") == 200
    # When another would go on with the same log
    failing = upgrade.start(wait=False, http_produce=http("log"))
    stage.forget(failing)
    # Then it says why not, and the first goes on
    assert failing.child.wait(30) == 3, failing.child.tail()
    assert "http_produce.wal" in failing.log and "is in use by another process" in failing.log
    assert "handover came to nothing" in running.log
    assert push("refused") == 200
    # And one with a log of its own takes over, while the first sends what is in its log
    successor = upgrade.start(http_produce=http("log-2"))
    upgrade.gone(running)
    assert push("after") == 200
    stage.end(successor)
    assert payloads(cluster, topic) == ["before", "refused", "after"]


def test_what_the_successor_has_no_use_for_closes(stage):
    mode = MODES[0]
    upgrade = Upgrade(stage, mode)
    running = upgrade.start()
    clients = stage.clients(mode)
    answered(clients, 3)
    upgrade.start(broker_mapping={"port_offset": {"hostname": HOST, "base": mode.base, "max_broker_id": 2}})
    upgrade.gone(running)
    answered(clients, 2)
    with pytest.raises(ConnectionRefusedError):
        stage.network.client.connect(netns.PROXY_CLIENT_SIDE, mode.address(3)[1])


def test_strangers_at_the_socket_get_nothing(stage):
    upgrade = Upgrade(stage, MODES[0])
    running = upgrade.start()
    assert upgrade.socket.stat().st_mode & 0o777 == 0o600
    for said in (b"take 2", b"\0" * 600, b""):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
            stranger.settimeout(10)
            stranger.connect(str(upgrade.socket))
            if said:
                stranger.send(said)
            else:
                stranger.shutdown(socket.SHUT_WR)
            assert stranger.recv(512) == b""
    answered(stage.clients(MODES[0]))
    assert running.child.running()
    stage.end(running)
    assert not upgrade.socket.exists()
