"""Real clients at work, in either routing mode at once, while the fleets that serve them change.

A change of content reaches pods that stay, and clients hear of nothing. Where pods go, clients connect again by
themselves. The last test tells whether any record was lost or doubled by all of it.
"""

import contextlib
import itertools
import json
import os
import signal
import time

import kafka_sasl
import kafka_wire
import pytest
from conftest import IMAGES, OPERATOR_NAMESPACE, PROXY_IMAGE
from fleet import SECONDS
from kafka_proxy import KIND
from kubernetes import ApiError
from load import DISCONNECTS
from login import secret
from waiting import until

RATE = 50  # records a second
CLOSED = "kafka_proxy_connections_closed_total"
BY_CLIENTS = f'{CLOSED}{{reason="eof"}}'  # who may have no more use for one


class Work:
    """The fleets, and the load on each."""

    def __init__(self, fleets):
        self.fleets = list(fleets)
        self.loads = []

    def start(self, kafka):
        for fleet in self.fleets:
            self.loads.append(fleet.start_load(kafka.create_topic(f"load-{fleet.name}"), RATE))

    def go_on(self):
        """Records flow, and no client was told of anything that it doesn't put right by itself."""
        for load in self.loads:
            load.wait_for_more(SECONDS)
        assert [text for text in self._told() if text.split()[1] not in DISCONNECTS] == []

    def change(self, **keys):
        """Applies the specs with these keys; nothing is waited for."""
        for fleet in self.fleets:
            fleet.spec |= keys
            fleet.apply()

    def wait(self):
        for fleet in self.fleets:
            fleet.wait_whole(fleet.spec["replicas"])

    @contextlib.contextmanager
    def undisturbed(self):
        """What happens inside ends no connection, restarts nothing, and no client hears of it."""
        until("no pod drains", lambda: not any(fleet.pods(leaving=True) for fleet in self.fleets), SECONDS)
        self.go_on()
        before = self._state()
        yield
        self.go_on()
        after = self._state()
        assert {key: after[key] for key in after if after[key] != before[key]} == {}

    @contextlib.contextmanager
    def lossless(self):
        """Whatever happens to pods inside, the fleets are whole again, and clients go on by themselves."""
        self.go_on()
        yield
        self.wait()
        self.go_on()

    def _told(self):
        return [text for load in self.loads for _, text in load.errors()]

    def _state(self):
        return {
            "told": self._told(),
            "pods": {pod["metadata"]["uid"] for fleet in self.fleets for pod in fleet.pods().values()},
            "restarts": sum(fleet.restarts() for fleet in self.fleets),
            "ended": [self._ended(fleet) for fleet in self.fleets],
        }

    @staticmethod
    def _ended(fleet):
        """Connections that the proxies ended, by why."""
        ended = {series: count for series, count in fleet.metrics().items() if series.startswith(CLOSED)}
        return {series: count for series, count in ended.items() if count and series != BY_CLIENTS}


@pytest.fixture(scope="module")
def work(fleets, kafka):
    made = Work(fleets.values())
    try:
        made.start(kafka)
        yield made
    finally:
        for load in made.loads:
            load.kill()


def config_of(fleet, pod):
    return json.loads(fleet.page(pod, "/config"))["config"]


def test_edits_are_in_force_on_every_pod(work):
    with work.undisturbed():
        for turn in range(1, 4):
            work.change(limits={"drainTimeout": "5s", "connectTimeout": f"{10 + turn}s", "maxConnections": 1000 + turn})
            work.wait()
            for fleet, wanted in itertools.product(work.fleets, ("connect_timeout: 1{}s", "max_connections: 100{}")):
                assert all(wanted.format(turn) in config_of(fleet, pod) for pod in fleet.pods().values())


def logs_in(fleet, pod, user, password):
    """Whether this pod takes it."""
    port = fleet.spec["routing"]["portOffset"]["base"]
    with fleet.cluster.hub.connect(pod["status"]["podIP"], port) as sock:
        sock.settimeout(10)
        try:
            kafka_sasl.login(sock, fleet.login.mechanism, user, password)
        except kafka_sasl.Refused:
            return False
        return True


def test_a_rotated_password_counts_on_every_pod(work, fleets):
    fleet = fleets["portOffset"]
    first, second = secret("first-bob"), secret("second-bob")
    with work.undisturbed():
        for password in (first, second):
            fleet.rotate("users", credentials=f"alice={fleet.login.password}\nbob={password}\n")
    for pod in fleet.pods().values():
        assert logs_in(fleet, pod, "bob", second)
        assert not logs_in(fleet, pod, "bob", first)


def shown(fleet, pod):
    """The certificate that a client sees."""
    sni = fleet.spec["routing"]["sni"]
    with fleet.cluster.hub.connect(pod["status"]["podIP"], sni["port"]) as sock:
        sock.settimeout(10)
        name = sni["downstream"].replace("<$id>", "1")
        with kafka_wire.tls(sock, fleet.certs.ca, name) as secured:
            return secured.getpeercert()["serialNumber"]


def test_another_certificate_is_shown_by_every_pod(work, fleets, kafka):
    fleet, certs = fleets["sni"], kafka.certs
    for name in ("own", "renewed"):
        certs.make(name, ["*.kafka.example.com", fleet.service()])
    own = {"tls.crt": certs.own.read_text(), "tls.key": certs.own_key.read_text()}
    renewed = {"tls.crt": certs.renewed.read_text(), "tls.key": certs.renewed_key.read_text()}
    pods = list(fleet.pods().values())
    seen = [{shown(fleet, pod) for pod in pods}]
    # When it is the user's instead of the operator's, and that one is renewed
    with work.undisturbed():
        fleet.secret("sni-tls", **own)
        fleet.change(downstream={"securityProtocol": "SSL", "tls": {"certSecretRef": {"name": "sni-tls"}}})
    seen.append({shown(fleet, pod) for pod in pods})
    with work.undisturbed():
        fleet.rotate("sni-tls", **renewed)
    seen.append({shown(fleet, pod) for pod in pods})
    # Then
    assert [len(serials) for serials in seen] == [1, 1, 1]
    assert len(set.union(*seen)) == 3


def test_scaling_costs_no_record(work):
    with work.lossless():
        for replicas in (1, 5, 2, 3):
            for fleet in work.fleets:
                fleet.spec["replicas"] = replicas
                fleet.api.patch(KIND, fleet.name, fleet.namespace, {"spec": {"replicas": replicas}}, "scale")
            work.wait()
            work.go_on()


def test_deleted_pods_cost_no_record(work):
    with work.lossless():
        for options in ({}, {"gracePeriodSeconds": 0}):
            for fleet in work.fleets:
                fleet.api.delete("Pod", next(iter(fleet.pods())), fleet.namespace, **options)
            work.wait()


def evict(fleet, name):
    """As kubectl drain does it. Whether the disruption budget allows it."""
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": fleet.namespace}}
    try:
        fleet.api.request("POST", fleet.api.path("Pod", name, fleet.namespace, "eviction"), body)
    except ApiError as refused:
        if refused.status != 429:
            raise
        return False
    return True


def test_a_drained_node_costs_no_record_and_never_more_than_one_pod(work):
    with work.lossless():
        for fleet in work.fleets:
            first, second, third = fleet.pods()
            until("the budget counts all pods", lambda fleet=fleet, name=first: evict(fleet, name), SECONDS)
            assert not evict(fleet, second)
            for name in (second, third):
                until("the next may go", lambda fleet=fleet, name=name: evict(fleet, name), SECONDS)


def test_another_image_rolls_the_pods_and_costs_no_record(work):
    image = f"{PROXY_IMAGE}:again"
    work.fleets[0].cluster.script("image", image, IMAGES / "kafkaproxy", "/usr/bin/kafkaproxy")
    with work.lossless():
        work.change(image=image)

        def rolled(fleet):
            return {pod["spec"]["containers"][0]["image"] for pod in fleet.pods().values()} == {image}

        for fleet in work.fleets:
            until("every pod has it", lambda fleet=fleet: rolled(fleet), SECONDS)


def kill_operator(cluster):
    """No time to say goodbye, and no container that starts again in the same pod."""
    running = cluster.processes("kafkaproxy-operator")
    assert running
    for pid in running:
        os.kill(pid, signal.SIGKILL)
    for pod in cluster.api.list("Pod", OPERATOR_NAMESPACE):
        cluster.api.delete("Pod", pod["metadata"]["name"], OPERATOR_NAMESPACE, gracePeriodSeconds=0)


def test_the_next_operator_completes_what_a_killed_one_has_begun(work, cluster, capsys):
    wanted = "max_connections: 2000"
    with work.undisturbed():
        work.change(limits={"drainTimeout": "5s", "maxConnections": 2000})

        def begun(fleet):
            written = fleet.api.get("ConfigMap", f"{fleet.name}-config", fleet.namespace)["data"]["config.yaml"]
            return wanted in written

        until("it has begun", lambda: any(map(begun, work.fleets)), SECONDS, every=0.001)
        kill_operator(cluster)
        killed = time.monotonic()
        work.wait()
        with capsys.disabled():
            print(f"\nthe next operator was done after {time.monotonic() - killed:.1f} s ", end="")
    for fleet in work.fleets:
        assert all(wanted in config_of(fleet, pod) for pod in fleet.pods().values())


def test_no_record_is_lost_or_doubled(work):
    for load in work.loads:
        assert load.finish() > 0
