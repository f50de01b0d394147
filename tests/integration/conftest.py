"""Fixtures of the suite on a real cluster: three brokers and the network once, the proxy anew for every test."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import jvm
import kafka_wire
import netns
import proxy as proxies
from ending import end_in_order  # noqa: E402, F401
from kafka_cluster import KafkaCluster
from load import Watch
from login import Login, write_properties
from processes import Child

RUN = Path(os.environ.get("KP_RUN_DIR", jvm.ROOT / "build" / "integration"))


def pytest_collection_modifyitems(items):
    """What looks at all that the others left behind comes last."""
    items.sort(key=lambda item: item.path.name == "test_secrets.py")


@pytest.fixture(scope="session")
def network():
    jvm.prepare()
    shutil.rmtree(RUN, ignore_errors=True)
    made = netns.Network()
    yield made
    made.close()


@pytest.fixture(scope="session")
def cluster(network):
    with KafkaCluster(RUN / "cluster", 3, network) as running:
        yield running


@pytest.fixture
def healed(cluster):
    """Whatever happens, all brokers run and are in sync after the test."""
    yield
    for broker in [broker for broker in cluster.brokers.values() if not broker.child.running()]:
        cluster.restart(broker.id)
    cluster.wait_in_sync()


@pytest.fixture(autouse=True)
def nobody_goes_around(request, network):
    """No client tried to reach anything but the proxy, and nobody but the proxy is connected to a broker."""
    before = network.client.unroutable()
    yield
    assert network.client.unroutable() == before, "a client tried to reach an address that is none of the proxy's"
    if "cluster" in request.fixturenames:
        assert request.getfixturevalue("cluster").peers() <= {netns.PROXY_BROKER_SIDE}


class Clients:
    """Runs client programs in their namespace, against the proxy in one mode."""

    def __init__(self, mode, cluster, network, directory, login=None):
        self.mode = mode
        self.login = login or Login("SSL" if mode.client_tls else "PLAINTEXT")
        self.certs = cluster.certs
        self.network = network
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.watches = []

    def java_properties(self):
        return write_properties(self.directory / "client.properties", self.login.java(self.certs))

    def librdkafka(self):
        return {"bootstrap.servers": self.mode.bootstrap(), **self.login.librdkafka(self.certs)}

    def run(self, argv, seconds=120, given=None):
        """What the program printed; a status other than 0 fails the test with that."""
        argv = self.network.client.command([str(part) for part in argv])
        try:
            done = subprocess.run(
                argv, input=given, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds
            )
        except subprocess.TimeoutExpired as expired:
            said = (expired.stdout or b"").decode(errors="replace")
            raise AssertionError(f"still running after {seconds} s: {argv}\n{said}") from None
        assert done.returncode == 0, f"ended with {done.returncode}: {argv}\n{done.stdout}"
        return done.stdout

    def _scenarios(self, names, broker_ids, options):
        return jvm.command(
            "dev.kafkaproxy.tests.ClientScenarios",
            *names,
            "--bootstrap",
            self.mode.bootstrap(),
            "--config",
            self.java_properties(),
            "--expect-addresses",
            ",".join(self.mode.addresses(broker_ids)),
            *options,
        )

    def java(self, *names, broker_ids=(1, 2, 3), seconds=180):
        """ClientScenarios, see tests/java."""
        return self.run(self._scenarios(names, broker_ids, ()), seconds)

    def start_watch(self, broker_ids=(1, 2, 3, 4), rate=200):
        """Produces in the background, see WatchProduce.java; `finish_watch` ends and judges it."""
        stop = self.directory / "stop"
        stop.unlink(missing_ok=True)
        argv = self._scenarios(["watch-produce"], broker_ids, ["--rate", rate, "--seconds", 240, "--until-file", stop])
        self.watches.append(
            Watch(Child("watch", argv, self.directory / "watch.log", namespace=self.network.client), stop)
        )
        return self.watches[-1]

    def tool(self, main_class, *arguments, config="--command-config", seconds=60, given=None):
        """One of Kafka's console tools."""
        argv = jvm.command(
            main_class, *arguments, "--bootstrap-server", self.mode.bootstrap(), config, self.java_properties()
        )
        return self.run(argv, seconds, given)

    def kcat(self, *arguments, seconds=60, given=None):
        settings = [part for name, value in self.librdkafka().items() for part in ("-X", f"{name}={value}")]
        return self.run(["kcat", *settings, *arguments], seconds, given)

    def connect(self, host, port, seconds=5.0):
        """A raw connection to the proxy under this name, inside TLS if the mode has it."""
        sock = self.network.client.connect(netns.PROXY_CLIENT_SIDE, port, seconds)
        sock.settimeout(10)
        return kafka_wire.tls(sock, self.certs.ca, host) if self.mode.client_tls else sock

    def to_broker(self, broker_id):
        return self.connect(*self.mode.address(broker_id))

    def to_bootstrap(self):
        host, port = self.mode.bootstrap().split(",")[0].rsplit(":", 1)
        return self.connect(host, int(port))


class Stage:
    """Starts proxies for one test, and ends them with the checks that hold for every run."""

    def __init__(self, cluster, network, directory):
        self.cluster = cluster
        self.network = network
        self.directory = Path(directory)
        self._running = []
        self._clients = []

    def proxy(self, mode, name="proxy", wait=True, flags=None, environment=None, **changes):
        """Starts a proxy; `changes` as in proxy.configuration."""
        config = proxies.configuration(mode, self.cluster, **changes)
        made = proxies.Proxy(name, config, self.directory / name, self.network.proxy, flags, environment)
        self._running.append(made)
        return made.start() if wait else made.launch()

    def proxy_of_each_routing(self):
        """mode -> proxy: one proxy per routing mode, all at once."""
        modes = [
            proxies.Mode("port_offset", False, True),
            proxies.Mode("sni", True, False),
            proxies.Mode("dynamic", True, True),
        ]
        return {
            mode: self.proxy(mode, str(mode), admin={"address": f"127.0.0.1:{9404 + n}"})
            for n, mode in enumerate(modes)
        }

    def topic(self, name, *arguments):
        """Makes a topic without the proxy."""
        self.cluster.tool("org.apache.kafka.tools.TopicCommand", "--create", "--topic", name, *arguments)
        return name

    def clients(self, mode, login=None):
        self._clients.append(Clients(mode, self.cluster, self.network, self.directory / "clients", login))
        return self._clients[-1]

    def end(self, proxy):
        """SIGTERM must end it in order, within its drain timeout of 10 s."""
        self.forget(proxy)
        proxy.keep_pages()
        status = proxy.stop(15)
        proxy.check_clean()
        assert status == 0, f"the proxy ended with {status}:\n{proxy.child.tail()}"

    def running(self):
        return list(self._running)

    def wait_ready(self):
        """For proxies that were started without waiting."""
        for proxy in self._running:
            proxy.wait_ready()

    def forget(self, proxy):
        """The test ends it itself."""
        self._running.remove(proxy)

    def close(self):
        for watch in (watch for clients in self._clients for watch in clients.watches):
            watch.child.signal(signal.SIGKILL)  # one that still runs belongs to a test that failed
        failures = []
        for proxy in list(self._running):
            try:
                self.end(proxy)
            except AssertionError as failure:
                failures.append(failure)
        if failures:
            raise failures[0]


@pytest.fixture(scope="module")
def module_stage(cluster, network):
    """For what the tests of a module share: a call opens a stage of this name."""

    @contextlib.contextmanager
    def opened(name):
        before = network.client.unroutable()
        made = Stage(cluster, network, RUN / name)
        try:
            yield made
        finally:
            made.close()
        assert network.client.unroutable() == before, "a client tried to reach an address that is none of the proxy's"

    return opened


@pytest.fixture
def stage(cluster, network, request):
    directory = RUN / request.node.name.replace("/", "_")
    made = Stage(cluster, network, directory)
    yield made
    made.close()
