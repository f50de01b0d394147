"""A KafkaProxy on the node: its pods, and clients outside of them that go through its Service."""

import collections
import http.client
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jvm
import load
from kafka_proxy import KafkaProxy
from login import write_properties
from waiting import until

RDKAFKA = Path(load.__file__).with_name("rdkafka_scenarios.py")
SECONDS = 90  # a fleet comes up or follows, on a machine that has much else to do


class Fleet(KafkaProxy):
    def __init__(self, cluster, namespace, name, spec, login, directory):
        super().__init__(cluster.api, namespace, name, spec)
        self.cluster = cluster
        self.login = login
        self.directory = Path(directory)
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        self.certs = SimpleNamespace(ca=self.directory / "ca.crt")

    # Its objects

    def service(self):
        """The name of its Service in the cluster."""
        return f"{self.name}.{self.namespace}.svc"

    def address(self):
        return self.api.get("Service", self.name, self.namespace)["spec"]["clusterIP"]

    def pods(self, leaving=False):
        """Those that nobody has deleted, by name; or those that somebody has."""
        selector = f"app.kubernetes.io/name=kafkaproxy,app.kubernetes.io/instance={self.name}"
        pods = self.api.list("Pod", self.namespace, selector)
        return {pod["metadata"]["name"]: pod for pod in pods if ("deletionTimestamp" in pod["metadata"]) == leaving}

    def restarts(self):
        pods = self.pods().values()
        return sum(status["restartCount"] for pod in pods for status in pod["status"]["containerStatuses"])

    def wait_whole(self, replicas=3, seconds=SECONDS):
        """Until this many pods are ready, run what is wanted, and no other is there."""

        def whole():
            item = self.get()
            status, wanted = item["status"], f"{replicas}/{replicas}"
            fresh = status["observedGeneration"] == item["metadata"]["generation"]
            counts = status["programmed"] == wanted and status["readyReplicas"] == replicas
            return fresh and counts and len(self.pods()) == replicas

        try:
            until(f"{self.name} is whole with {replicas} pods", whole, seconds)
        except AssertionError as late:
            pods = self.cluster.kubectl("get", "pods", "-A")
            raise AssertionError(f"{late}: {self.get().get('status')}\n{pods}") from late

    def change(self, seconds=SECONDS, **changes):
        """Applies the spec with these keys, and waits until every pod runs it."""
        self.spec |= changes
        self.apply()
        self.wait("Programmed", seconds=seconds)

    def rotate(self, secret, **data):
        """Gives the Secret new content, and waits until every pod runs with it."""
        before = self.get()["status"]["generation"]
        self.secret(secret, **data)
        until("another generation", lambda: self.get()["status"]["generation"] != before, SECONDS)
        self.wait("Programmed", seconds=SECONDS)

    # What pods say

    def page(self, pod, path):
        """Of the admin endpoint of a pod."""
        connection = http.client.HTTPConnection(pod["status"]["podIP"], 9404, timeout=10)
        with self.cluster.hub.entered():
            connection.connect()
        connection.request("GET", path, headers={"Connection": "close"})
        try:
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def generations(self):
        return {json.loads(self.page(pod, "/config"))["generation"] for pod in self.pods().values()}

    def metrics(self):
        """Series with its labels -> the sum over all pods."""
        made = collections.Counter()
        for pod in self.pods().values():
            for line in self.page(pod, "/metrics").splitlines():
                if not line.startswith("#"):
                    series, _, value = line.rpartition(" ")
                    made[series] += float(value)
        return made

    # Clients outside

    def addresses(self, ids=(1, 2, 3, 4)):
        """All that a client may be told of."""
        routing = self.spec["routing"]
        if "portOffset" in routing:
            return [f"{self.service()}:{routing['portOffset']['base'] + 20 + n}" for n in ids]
        name = routing["sni"]["downstream"]
        return [f"{name.replace('<$id>', str(n))}:{routing['sni']['port']}" for n in ids]

    def bootstrap(self):
        return self.get()["status"]["bootstrapServers"]

    def introduce(self):
        """What a DNS outside would know: the names that clients are told lead to the Service."""
        servers = [*self.addresses(), *self.bootstrap().split(",")]
        self.cluster.hub.add_hosts([(self.address(), name) for name in sorted({s.rsplit(":", 1)[0] for s in servers})])

    def trust(self, *authorities):
        """Its clients trust the authority that the operator made for it, and these."""
        made = self.api.get("ConfigMap", f"{self.name}-ca", self.namespace)["data"]["ca.crt"]
        others = [path.read_text() for path in authorities]
        self.certs.ca.write_text("".join([made, *others]))

    def librdkafka(self):
        return {"bootstrap.servers": self.bootstrap(), **self.login.librdkafka(self.certs)}

    def java_properties(self):
        return write_properties(self.directory / "client.properties", self.login.java(self.certs))

    def run(self, argv, seconds=180):
        """A program of a client's; what it printed."""
        argv = self.cluster.hub.command([str(part) for part in argv])
        done = subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)
        assert done.returncode == 0, f"ended with {done.returncode}: {argv}\n{done.stdout}"
        return done.stdout

    def java(self, *names):
        options = ("--bootstrap", self.bootstrap(), "--config", self.java_properties())
        options += ("--expect-addresses", ",".join(self.addresses()))
        return self.run(jvm.command("dev.kafkaproxy.tests.ClientScenarios", *names, *options))

    def rdkafka(self, *names):
        return self.run([sys.executable, RDKAFKA, json.dumps(self.librdkafka()), ",".join(self.addresses()), *names])

    def start_load(self, topic, rate):
        settings = self.addresses(), self.java_properties(), self.librdkafka()
        return load.Load(self.directory, self.cluster.hub, topic, *settings, rate=rate)
