"""kafkaproxy-operator as a process of the tests', who it is to the API server, and what it says of itself."""

import json
import re
import time
from pathlib import Path

import proxy as proxies
from processes import Child
from waiting import until

TSAN = f"exitcode=98:suppressions={Path(__file__).with_name('operator.tsan')}"
IMAGE = "kafkaproxy:test"  # what the stand-in knows as the data plane's
WRITES = ("create", "update", "patch", "delete")
_SAMPLE = re.compile(r"(?P<name>[a-z_]+)(?:{(?P<labels>[^}]*)})? (?P<value>\S+)")
_LABEL = re.compile(r'([a-z_]+)="([^"]*)"')


class Samples:
    """A page of metrics, kafka_proxy_operator_ left out of names."""

    def __init__(self, page):
        found = [_SAMPLE.fullmatch(line) for line in page.splitlines() if not line.startswith("#")]
        self._all = [
            (
                sample["name"].removeprefix("kafka_proxy_operator_"),
                dict(_LABEL.findall(sample["labels"] or "")),
                float(sample["value"]),
            )
            for sample in found
            if sample
        ]

    def sum(self, name, **labels):
        """Of all samples with these labels; a label's value may be several."""
        return sum(
            value
            for said, has, value in self._all
            if said == name and all(has.get(k) in ([v] if isinstance(v, str) else v) for k, v in labels.items())
        )

    @property
    def writes(self):
        return self.sum("api_requests_total", verb=WRITES)

    @property
    def idle(self):
        """Nobody waits for a worker, and none works."""
        work = {"controller": "kafkaproxy"}
        return self.sum("queue_depth", **work) == 0 and self.sum("reconciles_running", **work) == 0


def page(namespace, address, port, path, seconds=10):
    """(status, body) of a GET, asked from within a network namespace."""
    with namespace.connect(address, port, seconds) as sock:
        sock.settimeout(seconds)
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: tests\r\nConnection: close\r\n\r\n".encode())
        data = b""
        while chunk := sock.recv(65536):
            data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


class Account:
    """A ServiceAccount that may do everything: a user of its own to the API server, and in its audit log.

    `server`: by which address it is to be reached, where that isn't the API server's own."""

    def __init__(self, control_plane, name, namespace, server=None):
        self.user = f"system:serviceaccount:{namespace}:{name}"
        self.name = name
        api = control_plane.api
        meta = {"name": name, "namespace": namespace}
        api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": meta,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", **meta}],
        }
        control_plane.kubectl("apply", "-f", "-", given=json.dumps(binding))
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        made = api.request("POST", api.path("ServiceAccount", name, namespace, "token"), request)
        self.token = made["status"]["token"]
        config = json.loads(control_plane.kubectl("config", "view", "--raw", "--output", "json"))
        config["users"][0]["user"] = {"token": self.token}
        if server is not None:
            config["clusters"][0]["cluster"]["server"] = server
        self.kubeconfig = control_plane.directory / f"{namespace}.{name}.conf"
        self.kubeconfig.write_text(json.dumps(config))


class Operator:
    """Runs in the hub, as the cluster's admin unless another kubeconfig is given."""

    def __init__(
        self, control_plane, binary, folder, name, *arguments, kubeconfig=None, port=8080, space="default", image=IMAGE
    ):
        """folder: of its log; space: where its lease is."""
        self.port = port
        self._hub = control_plane.hub
        argv = [binary, "run", "--kubeconfig", kubeconfig or control_plane.kubeconfig, "--image", image]
        argv += ["--metrics-address", f"127.0.0.1:{port}", *arguments]
        environment = {"POD_NAME": name, "POD_NAMESPACE": space, "ASAN_OPTIONS": "exitcode=99", "TSAN_OPTIONS": TSAN}
        folder.mkdir(parents=True, exist_ok=True)
        self.child = Child(name, argv, folder / f"{name}.log", environment, self._hub)

    def page(self, path):
        """(status, body) of its own HTTP server."""
        return page(self._hub, "127.0.0.1", self.port, path)

    def metrics(self):
        return Samples(self.page("/metrics")[1])

    @property
    def ready(self):
        return self.page("/readyz")[0] == 200

    @property
    def leading(self):
        return self.metrics().sum("leader") == 1

    def wait_ready(self, seconds=30):
        def ready():
            if not self.child.running():
                raise SystemExit(f"the operator ended with {self.child.process.returncode}:\n{self.child.tail()}")
            return self.ready

        until("the operator is ready", ready, seconds)
        return self

    def wait_leading(self, seconds=30):
        until(f"{self.child.name} leads", lambda: self.leading, seconds)
        return self

    def end(self, seconds=20):
        """SIGTERM must end it in order."""
        status = self.child.stop(seconds)
        assert status == 0, f"the operator ended with {status}:\n{self.child.tail()}"
        self.check()

    def check(self):
        assert not proxies.SANITIZER.search(self.child.output()), self.child.tail(120)


def wait_still(operator, reconciles=0, seconds=3.0, patience=600.0):
    """Until it has nothing to do and wrote nothing for so long, after at least so many reconciles; when that began, by
    time.monotonic()."""
    seen = [None, time.monotonic()]

    def still():
        now = operator.metrics()
        mark = now.writes, now.idle, now.sum("reconciles_total", controller="kafkaproxy")
        if mark != seen[0]:
            seen[:] = [mark, time.monotonic()]
        return now.idle and mark[2] >= reconciles and time.monotonic() - seen[1] >= seconds

    until("the operator is still", still, patience, every=0.1)
    return seen[1]
