"""One KafkaProxy with three pods, and clients that hold connections to all of them."""

import contextlib
import json
import time

import kafka_sasl
import kafka_wire
from custom_resource import KafkaProxy
from operators import page
from waiting import until

REPLICAS = 3
HELD = 5  # connections to each pod
PORT = 19092
ADMIN_PORT = 9404
USERS = {"alice": "first", "bob": "another"}


def bytes_of(users):
    return "".join(f"{user}={password}\n" for user, password in users.items())


class Fleet:
    """`swap`: clients log in as one of USERS, and the proxy as svc."""

    def __init__(self, world, namespace, swap=False, replicas=REPLICAS):
        self._world = world
        self._replicas = replicas
        self._swap = swap
        self.users = dict(USERS)
        kafka = world.kafka
        listener = "SASL_PLAINTEXT" if swap else "PLAINTEXT"
        self.proxy = KafkaProxy(world.api, world.kubelet, namespace, kafka.bootstrap(listener))
        self.proxy.spec["replicas"] = replicas
        if world.node:
            hosts = world.control_plane.hosts
            self.proxy.spec["resolve"] = [{"host": name, "ipv4": address} for address, name in hosts]
        if swap:
            self.rotate("alice", USERS["alice"])
            self.proxy.secret("svc", credentials=f"svc={kafka.users['svc']}\n")
            self.proxy.spec["upstream"] |= {"securityProtocol": "SASL_PLAINTEXT", "saslMechanism": "SCRAM-SHA-512"}
            self.proxy.spec["downstream"] = {"securityProtocol": "SASL_PLAINTEXT", "saslMechanisms": ["PLAIN"]}
            self.proxy.spec["authSwap"] = {
                "downstreamCredentialsSecretRef": {"name": "users"},
                "upstreamCredentialsSecretRef": {"name": "svc"},
                "mapping": dict.fromkeys(USERS, "svc"),
            }
        self.proxy.apply()
        self.proxy.wait("Ready", seconds=120)
        self.proxy.wait("Programmed")
        self.addresses = [pod["status"]["podIP"] for pod in self._pods()]
        self._held = []

    def rotate(self, user, password):
        self.users[user] = password
        self.proxy.secret("users", credentials=bytes_of(self.users))

    def _pods(self):
        pods = self._world.api.list("Pod", self.proxy.namespace, "app.kubernetes.io/instance=orders")
        assert len(pods) == self._replicas
        return pods

    def restarts(self):
        return sum(status["restartCount"] for pod in self._pods() for status in pod["status"]["containerStatuses"])

    def names(self):
        return sorted(pod["metadata"]["name"] for pod in self._pods())

    def config(self, address):
        """What the pod runs."""
        return json.loads(page(self._world.control_plane.hub, address, ADMIN_PORT, "/config")[1])

    def wait(self, runs, seconds=120):
        """Until every pod's /config is as `runs` wants it; when that was seen, by time.monotonic()."""
        missing = list(self.addresses)

        def all_run():
            while missing and runs(self.config(missing[0])):
                missing.pop(0)
            return not missing

        until("every pod runs it", all_run, seconds, every=0.01)
        return time.monotonic()

    def connect(self, address, user="bob", port=PORT):
        sock = self._world.control_plane.hub.connect(address, port)
        if self._swap:
            kafka_sasl.login(sock, "PLAIN", user, self.users[user])
        return sock

    def hold(self):
        """Bob's: his password doesn't change."""
        self._held = [self.connect(address) for address in self.addresses for _ in range(HELD)]
        assert self.dropped() == 0

    def dropped(self):
        """Of the connections held: how many no longer serve."""
        lost = 0
        for sock in self._held:
            try:
                kafka_wire.metadata(sock, [])
            except (OSError, ValueError):
                lost += 1
        return lost

    def let_go(self):
        for sock in self._held:
            with contextlib.suppress(OSError):
                sock.close()
        self._held = []
