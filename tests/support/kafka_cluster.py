#!/usr/bin/env python3
"""A real KRaft cluster for the tests and the demo.

In the tests the brokers live in a network namespace (netns.py) that only the proxy can reach. The demo uses loopback:

    python3 tests/support/kafka_cluster.py up --brokers 3 --no-netns
"""

import argparse
import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import jvm
import kafka_admin
import kafka_sasl
import kafka_wire
import netns
from certs import Certs
from login import secret
from processes import Child
from waiting import until

# The clients' listeners: by which protocol each is spoken to, its port where every broker has its own address, and its
# distance from the first where all share one. MTLS ones want a client's certificate; REAUTH ends a login after
# SESSION_MS.
LISTENERS = {
    "PLAINTEXT": ("PLAINTEXT", 9092, 0),
    "SSL": ("SSL", 9093, 100),
    "SASL_PLAINTEXT": ("SASL_PLAINTEXT", 9095, 10),
    "SASL_SSL": ("SASL_SSL", 9096, 110),
    "MTLS": ("SSL", 9097, 20),
    "SASL_MTLS": ("SASL_SSL", 9098, 120),
    "REAUTH": ("SASL_SSL", 9099, 30),
}
SESSION_MS = 5000
USERS = ("svc", "svc2")


def _security():
    """Who may come in, and how. Whoever comes without a name is a super user: tests that are not about security know
    nothing of it. Topics are everybody's until somebody gets a right to them."""
    made = {
        "listener.security.protocol.map": ",".join(
            ["CONTROLLER:PLAINTEXT", *(f"{name}:{protocol}" for name, (protocol, _, _) in LISTENERS.items())]
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "true",
        "super.users": "User:ANONYMOUS",
    }
    for name, (protocol, _, _) in LISTENERS.items():
        prefix = f"listener.name.{name.lower()}."
        if name != "PLAINTEXT":
            made[prefix + "num.network.threads"] = 1
        if protocol.endswith("SSL"):
            made[prefix + "ssl.client.auth"] = "required" if "MTLS" in name else "none"
        if protocol.startswith("SASL"):
            made[prefix + "sasl.enabled.mechanisms"] = ",".join(kafka_sasl.MECHANISMS)
            scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            for mechanism in kafka_sasl.SCRAM:
                made[prefix + f"{mechanism.lower()}.sasl.jaas.config"] = scram
        if name == "REAUTH":
            for mechanism in kafka_sasl.MECHANISMS:
                made[prefix + f"{mechanism.lower()}.connections.max.reauth.ms"] = SESSION_MS
    return made


# What every broker says alike. Small and quick: few partitions for Kafka's own topics, short sessions and heartbeats,
# so that a killed broker is noticed within seconds.
COMMON = _security() | {
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "ssl.keystore.type": "PEM",
    "ssl.truststore.type": "PEM",
    "auto.create.topics.enable": "false",
    "num.partitions": 3,
    "offsets.topic.num.partitions": 5,
    "transaction.state.log.num.partitions": 5,
    "share.coordinator.state.topic.num.partitions": 3,
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1000,
    "group.consumer.min.heartbeat.interval.ms": 300,
    "group.consumer.heartbeat.interval.ms": 300,
    "group.share.min.heartbeat.interval.ms": 300,
    "group.share.heartbeat.interval.ms": 300,
    "broker.heartbeat.interval.ms": 500,
    "broker.session.timeout.ms": 4000,
    "controller.quorum.election.timeout.ms": 500,
    "controller.quorum.fetch.timeout.ms": 2000,
    "controlled.shutdown.enable": "true",
    # Every five minutes brokers would move leaders and coordinators back, and clients go with them, whatever is tested.
    "auto.leader.rebalance.enable": "false",
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 2,
    "num.recovery.threads.per.data.dir": 1,
    "log.cleaner.dedupe.buffer.size": 2097152,
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
}


class Broker:
    def __init__(self, broker_id, directory, addresses):
        self.id = broker_id
        self.directory = directory
        self.addresses = addresses  # listener name -> (bind host, advertised host, port)
        self.child = None

    def address(self, listener):
        _, host, port = self.addresses[listener]
        return f"{host}:{port}"


class KafkaCluster:
    """Brokers 1..N, each also a controller; brokers added later are brokers only.

    Without a network everything is on 127.0.0.1: broker n has the ports base_port + n (PLAINTEXT), + 200 (CONTROLLER),
    and those of LISTENERS. `users`: user -> password, for PLAIN and SCRAM alike; by default USERS with random ones.
    A second cluster in the same network needs a `first` broker id and a `cluster_id` of its own.
    """

    def __init__(
        self,
        directory,
        brokers=3,
        network=None,
        base_port=29090,
        heap="256m",
        log_level="warn",
        record=False,
        users=None,
        first=1,
        cluster_id=None,
    ):
        self.directory = Path(directory)
        self.network = network
        self.base_port = base_port
        self.heap = heap
        self.log_level = log_level
        self._record = record
        self.brokers = {}
        self._controllers = range(first, first + brokers)
        self._cluster_id = cluster_id
        self.users = users or {user: secret(f"upstream-{user}") for user in USERS}
        self.certs = Certs(self.directory.parent / "certs")

    # Life

    def start(self, seconds=90.0):
        shutil.rmtree(self.directory, ignore_errors=True)
        for broker_id in self._controllers:
            self._define(broker_id)
        for broker in self.brokers.values():
            self._launch(broker, controller=True)
        self.wait_for_brokers(self.brokers, seconds)
        self._make_scram_users()
        return self

    def stop(self):
        for broker in self.brokers.values():
            if broker.child is not None and broker.child.running():
                # Nothing of it is needed again, so no orderly hand-over of leaders.
                broker.child.kill()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # Trouble

    def kill(self, broker_id):
        """SIGKILL, as a machine that dies."""
        self.brokers[broker_id].child.kill()

    def restart(self, broker_id, seconds=60.0):
        """Starts a dead broker again with its old data, and waits until it is a member again."""
        self._launch(self.brokers[broker_id], controller=broker_id in self._controllers)
        self.wait_for_brokers([broker_id], seconds)

    def add(self, broker_id, seconds=60.0):
        """One more broker, without a controller."""
        self._define(broker_id)
        self._launch(self.brokers[broker_id], controller=False)
        self.wait_for_brokers([broker_id], seconds)

    def remove(self, broker_id):
        """Kills a broker and unregisters it, so that it is no longer in anybody's metadata."""
        self.kill(broker_id)
        self.tool("org.apache.kafka.tools.ClusterTool", "unregister", "--id", broker_id, bootstrap="--bootstrap-server")
        del self.brokers[broker_id]

    # Looking

    def bootstrap(self, listener="PLAINTEXT"):
        return [broker.address(listener) for broker in self.brokers.values()]

    def running(self):
        return [broker for broker in self.brokers.values() if broker.child is not None and broker.child.running()]

    def connect(self, broker_id, seconds=5.0, listener="PLAINTEXT"):
        """A connection to the broker's listener, from where it lives."""
        host, _, port = self.brokers[broker_id].addresses[listener]
        if self.network is not None:
            return self.network.kafka.connect(host, port, seconds)
        return socket.create_connection((host, port), seconds)

    def create_topic(self, name, partitions=3, only_for=None, replicas=-1, configs=None):
        """Makes a topic and waits until each broker lists its leaders. `only_for`: its only principal."""
        with self.connect(self.running()[0].id) as sock:
            kafka_admin.create_topic(sock, name, partitions, replicas, configs)
            if only_for is not None:
                kafka_admin.allow_topic_only(sock, name, only_for)

        def led():
            for broker in self.running():
                with self.connect(broker.id) as sock:
                    found = kafka_wire.metadata(sock, [name]).topics[name]
                    if len(found) != partitions or any(partition.leader < 0 for partition in found.values()):
                        return False
            return True

        until(f"topic {name} has leaders", led)
        return name

    def delete_records(self, topic, partition, offset=-1):
        """What lies before the offset, in a partition as brokers know it."""
        with self.connect(self.metadata([topic]).topics[topic][partition].leader) as sock:
            kafka_admin.delete_records(sock, topic, partition, offset)

    def metadata(self, topics=None):
        """As one of the running brokers sees the cluster."""
        failure = None
        for broker in self.running():
            try:
                with self.connect(broker.id) as sock:
                    return kafka_wire.metadata(sock, topics)
            except OSError as error:
                failure = error
        raise ConnectionError(f"no broker answers: {failure}")

    def wait_for_brokers(self, ids, seconds=60.0):
        """Until every running broker lists all of `ids`."""
        wanted = set(ids)

        def listed():
            for broker in self.running():
                with self.connect(broker.id) as sock:
                    if not wanted <= set(kafka_wire.metadata(sock, []).brokers):
                        return False
            return all(self.brokers[n].child.running() for n in wanted)

        until(f"brokers {sorted(wanted)} are members", self._or_dead(listed), seconds, every=0.2)

    def wait_in_sync(self, seconds=60.0):
        """Until every replica of every partition is in sync and there is a leader."""

        def in_sync():
            return all(
                p.leader >= 0 and set(p.isr) == set(p.replicas)
                for partitions in self.metadata().topics.values()
                for p in partitions.values()
            )

        until("all replicas are in sync", in_sync, seconds, every=0.2)

    def peers(self):
        """Addresses that are, or within the last minute were, connected to the brokers' client listeners."""
        ports = {
            port for b in self.brokers.values() for name, (_, _, port) in b.addresses.items() if name != "CONTROLLER"
        }
        return self.network.kafka.tcp_peers(ports) - self.network.own_addresses()

    def tool(self, main_class, *arguments, bootstrap="--bootstrap-server", seconds=60.0):
        """One of Kafka's command line tools, run where the brokers are. Returns what it printed."""
        servers = ",".join(broker.address("PLAINTEXT") for broker in self.running())
        argv = jvm.command(main_class, *arguments, bootstrap, servers)
        if self.network is not None:
            argv = self.network.kafka.command(argv)
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds)
        if done.returncode != 0:
            raise RuntimeError(f"{main_class}: {done.stdout}{done.stderr}")
        return done.stdout

    # Making

    def _define(self, broker_id):
        if self.network is not None:
            host, name = netns.broker_address(broker_id), f"broker-{broker_id}.kafka.internal"
            ports = {listener: port for listener, (_, port, _) in LISTENERS.items()} | {"CONTROLLER": 9094}
        else:
            host = name = "127.0.0.1"
            base = self.base_port + broker_id
            ports = {listener: base + distance for listener, (_, _, distance) in LISTENERS.items()}
            ports["CONTROLLER"] = base + 200
        addresses = {listener: (host, name, port) for listener, port in ports.items()}
        directory = self.directory / f"broker-{broker_id}"
        self.brokers[broker_id] = Broker(broker_id, directory, addresses)
        shutil.rmtree(directory, ignore_errors=True)
        self._format(self.brokers[broker_id])

    def _make_scram_users(self):
        with self.connect(self._controllers[0]) as sock:
            for user, password in self.users.items():
                kafka_admin.make_scram_user(sock, user, password)
        # Each broker hears of it when it reads the metadata log: a login is the proof.
        user, password = list(self.users.items())[-1]
        for broker in self.running():

            def logs_in(broker_id=broker.id):
                with self.connect(broker_id, listener="SASL_PLAINTEXT") as sock:
                    return kafka_sasl.login(sock, kafka_sasl.SCRAM[-1], user, password) is not None

            until(f"broker {broker.id} knows its users", logs_in)

    def _format(self, broker):
        """As `kafka-storage format` does it, from the folder that kafka-jars.sh formatted: only the ids differ."""
        data = broker.directory / "data"
        shutil.copytree(jvm.KAFKA / "storage", data)
        own = {"node.id": broker.id, "directory.id": uuid.uuid4().hex[:22]}
        if self._cluster_id is not None:
            own["cluster.id"] = self._cluster_id
        lines = [line.split("=", 1) for line in (data / "meta.properties").read_text().splitlines() if "=" in line]
        text = "".join(f"{name}={own.get(name, value)}\n" for name, value in lines)
        (data / "meta.properties").write_text(text)

    def _launch(self, broker, controller):
        roles = "broker,controller" if controller else "broker"
        listeners = {name: f"{name}://{host}:{port}" for name, (host, _, port) in broker.addresses.items()}
        advertised = [
            f"{name}://{host}:{port}"
            for name, (_, host, port) in broker.addresses.items()
            if controller or name != "CONTROLLER"
        ]
        if not controller:
            del listeners["CONTROLLER"]
        replicas = min(3, len(self._controllers))
        properties = COMMON | {
            "node.id": broker.id,
            "process.roles": roles,
            "controller.quorum.voters": self._voters(),
            "listeners": ",".join(listeners.values()),
            "advertised.listeners": ",".join(advertised),
            "log.dirs": broker.directory / "data",
            "ssl.keystore.location": self.certs.broker_store,
            "ssl.truststore.location": self.certs.ca,
            "default.replication.factor": replicas,
            "min.insync.replicas": min(2, replicas),
        }
        logins = " ".join(f'user_{user}="{password}"' for user, password in self.users.items())
        plain = f"org.apache.kafka.common.security.plain.PlainLoginModule required {logins};"
        for name, (protocol, _, _) in LISTENERS.items():
            if protocol.startswith("SASL"):
                properties[f"listener.name.{name.lower()}.plain.sasl.jaas.config"] = plain
        for topic in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
            properties[f"{topic}.replication.factor"] = replicas
        for topic in ("transaction.state.log", "share.coordinator.state.topic"):
            properties[f"{topic}.min.isr"] = min(2, replicas)
        path = broker.directory / "server.properties"
        path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        argv = jvm.command(
            "kafka.Kafka",
            path,
            heap=self.heap,
            archive="broker",
            record=self._record,
            properties=[("kp.log.level", self.log_level)],
        )
        broker.child = Child(
            f"broker-{broker.id}",
            argv,
            self.directory / f"broker-{broker.id}.log",
            namespace=self.network.kafka if self.network else None,
            cwd=broker.directory,
        )

    def _voters(self):
        voters = [(n, self.brokers[n].addresses["CONTROLLER"]) for n in self._controllers]
        return ",".join(f"{n}@{host}:{port}" for n, (host, _, port) in voters)

    def _or_dead(self, probe):
        """A broker that ended by itself will not come up: say why at once."""

        def checked():
            for broker in self.brokers.values():
                if not broker.child.running() and broker.child.process.returncode >= 0:
                    raise SystemExit(f"broker {broker.id} ended:\n{broker.child.tail()}")
            return probe()

        return checked


def up(options):
    """Serves until SIGTERM or SIGINT."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    jvm.prepare()
    with contextlib.ExitStack() as stack:
        network = None
        if not options.no_netns:
            network = netns.Network()
            stack.callback(network.close)
        users = dict(user.split("=", 1) for user in options.user) or {"svc": "svc-secret"}
        cluster = KafkaCluster(
            Path(options.directory) / "cluster", options.brokers, network, options.base_port, users=users
        )
        stack.callback(cluster.stop)
        cluster.start()
        for topic in options.topic:
            cluster.create_topic(topic)
        for listener in LISTENERS:
            print(f"{listener} {','.join(cluster.bootstrap(listener))}")
        print(f"CERTS {cluster.certs.directory}")
        if network is not None:
            print(f"NAMESPACES {network.kafka.name} {network.proxy.name} {network.client.name}")
        print("READY", flush=True)
        stopped.wait()
    return 0


def archive(options):
    """Runs a broker and a client once for their class data archives (see jvm.py)."""
    cluster = KafkaCluster(Path(options.directory) / "cluster", 1, base_port=options.base_port, record=True)
    try:
        cluster.start()
        learn = jvm.command(
            "dev.kafkaproxy.tests.ClientScenarios",
            "admin",
            "produce",
            "consume",
            "group-classic",
            "--bootstrap",
            cluster.bootstrap()[0],
            record=True,
        )
        subprocess.run(learn, check=True, stdout=subprocess.DEVNULL, timeout=60)
        cluster.brokers[1].child.stop(60)
    finally:
        cluster.stop()
    return 0


def main():
    parser = argparse.ArgumentParser(description="A real Kafka cluster for tests and demo.")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up", help="start brokers, print READY, stop on SIGTERM or SIGINT")
    start.set_defaults(run=up, base_port=29090, directory=str(jvm.ROOT / "build" / "demo"))
    start.add_argument("--brokers", type=int, default=3)
    start.add_argument(
        "--user", action="append", default=[], metavar="NAME=PASSWORD", help="for SASL; default svc=svc-secret"
    )
    start.add_argument("--topic", action="append", default=[], help="made with three partitions")
    start.add_argument("--no-netns", action="store_true", help="on 127.0.0.1, without network namespaces")
    learn = commands.add_parser("archive", help="write the class data archives that quicken later starts")
    learn.set_defaults(run=archive, base_port=28090, directory=str(jvm.KAFKA / "archive"))
    for command in (start, learn):
        command.add_argument("--base-port", type=int, default=argparse.SUPPRESS)
        command.add_argument("--directory", default=argparse.SUPPRESS)
    options = parser.parse_args()
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
