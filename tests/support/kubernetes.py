"""A real control plane (tests/k8s/cluster.sh) in a network namespace of its own, and a small client for it.

    hub: API server 10.199.0.1, brokers 10.213.0.11, .12, ...; the operator and clients run here too
     |-- pod 10.244.0.1
     |-- pod 10.244.0.2         one namespace each, joined with the hub by a veth pair; the hub forwards nothing

No namespace has a default route: nothing leaves the machine.
"""

import contextlib
import http.client
import itertools
import json
import os
import select
import ssl
import subprocess
import threading
import urllib.parse
from pathlib import Path

import netns
from waiting import until

ROOT = netns.ROOT
SCRIPT = ROOT / "tests" / "k8s" / "cluster.sh"
ADDRESS = "10.199.0.1"
PORT = 6443
ETCD_PORT = 2379

# kind -> path before the namespace, plural, namespaced
KINDS = {
    "Namespace": ("api/v1", "namespaces", False),
    "Node": ("api/v1", "nodes", False),
    "ConfigMap": ("api/v1", "configmaps", True),
    "Secret": ("api/v1", "secrets", True),
    "Service": ("api/v1", "services", True),
    "ServiceAccount": ("api/v1", "serviceaccounts", True),
    "Pod": ("api/v1", "pods", True),
    "Deployment": ("apis/apps/v1", "deployments", True),
    "ReplicaSet": ("apis/apps/v1", "replicasets", True),
    "PodDisruptionBudget": ("apis/policy/v1", "poddisruptionbudgets", True),
    "NetworkPolicy": ("apis/networking.k8s.io/v1", "networkpolicies", True),
    "ServiceMonitor": ("apis/monitoring.coreos.com/v1", "servicemonitors", True),
    "Lease": ("apis/coordination.k8s.io/v1", "leases", True),
    "Event": ("apis/events.k8s.io/v1", "events", True),
    "CustomResourceDefinition": ("apis/apiextensions.k8s.io/v1", "customresourcedefinitions", False),
    "KafkaProxy": ("apis/kafkaproxy.dev/v1alpha1", "kafkaproxies", True),
}


def binary(name):
    """The path of a program that scripts/k8s-binaries.sh made."""
    folders = [os.environ.get("KUBEBUILDER_ASSETS"), os.environ.get("KP_K8S_BIN"), ROOT / "build" / "k8s" / "bin"]
    for folder in filter(None, folders):
        if os.access(Path(folder) / name, os.X_OK):
            return Path(folder) / name
    raise FileNotFoundError(f"{name}: run scripts/k8s-binaries.sh")


class ApiError(AssertionError):
    """What the API server refused: its Status object's reason and message, and the HTTP status."""

    def __init__(self, status, body):
        try:
            said = json.loads(body)
        except ValueError:
            said = {"message": body.decode(errors="replace")}
        self.status = status
        self.reason = said.get("reason")
        self.causes = [cause.get("message", "") for cause in said.get("details", {}).get("causes", [])]
        super().__init__(f"{status} {self.reason}: {said.get('message')}")


class Api:
    """Speaks JSON with the API server; for any thread, each has a connection of its own. Bodies are plain dicts."""

    def __init__(self, namespace, directory):
        """namespace: where sockets are made; directory: that of cluster.sh, whose admin we are."""
        self._namespace = namespace
        self._context = ssl.create_default_context(cafile=directory / "pki" / "ca.crt")
        self._context.load_cert_chain(directory / "pki" / "admin.crt", directory / "pki" / "admin.key")
        self._mine = threading.local()

    def _connect(self, seconds):
        connection = http.client.HTTPSConnection(ADDRESS, PORT, timeout=seconds, context=self._context)
        with self._namespace.entered():
            connection.connect()
        return connection

    @staticmethod
    def path(kind, name=None, namespace=None, subresource=None, **query):
        prefix, plural, _ = KINDS[kind]
        parts = [prefix, *(["namespaces", namespace] if namespace else []), plural, name, subresource]
        path = "/" + "/".join(part for part in parts if part)
        query = {key: value for key, value in query.items() if value is not None}
        return path + ("?" + urllib.parse.urlencode(query) if query else "")

    def request(self, method, path, body=None, content_type="application/json"):
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        text = None if body is None else json.dumps(body)
        kept = getattr(self._mine, "connection", None)
        if kept is not None and select.select([kept.sock], [], [], 0)[0]:  # its end: nothing else comes unasked
            kept = None
        if kept is not None and method == "GET":
            with contextlib.suppress(OSError, http.client.HTTPException):  # the server may have closed it meanwhile
                return self._answer(kept, method, path, text, headers)
            kept = None
        return self._answer(kept or self._connect(30), method, path, text, headers)

    def _answer(self, connection, method, path, text, headers):
        self._mine.connection = None  # one that failed is not used again
        try:
            connection.request(method, path, text, headers)
            response = connection.getresponse()
            answer = response.read()
        except BaseException:
            connection.close()
            raise
        self._mine.connection = connection
        if response.status >= 300:
            raise ApiError(response.status, answer)
        return json.loads(answer) if answer[:1] in (b"{", b"[") else answer.decode()

    def get(self, kind, name, namespace=None):
        return self.request("GET", self.path(kind, name, namespace))

    def find(self, kind, name, namespace=None):
        """As get; None when there is none."""
        try:
            return self.get(kind, name, namespace)
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    def list(self, kind, namespace=None, selector=None):
        return self.request("GET", self.path(kind, None, namespace, labelSelector=selector))["items"]

    def create(self, item):
        meta = item["metadata"]
        return self.request("POST", self.path(item["kind"], None, meta.get("namespace")), item)

    def apply(self, item, manager="tests", force=True, subresource=None):
        meta = item["metadata"]
        path = self.path(
            item["kind"],
            meta["name"],
            meta.get("namespace"),
            subresource,
            fieldManager=manager,
            force=str(force).lower(),
        )
        return self.request("PATCH", path, item, "application/apply-patch+yaml")

    def patch(self, kind, name, namespace, changes, subresource=None):
        """A merge patch: None removes."""
        path = self.path(kind, name, namespace, subresource)
        return self.request("PATCH", path, changes, "application/merge-patch+json")

    def delete(self, kind, name, namespace=None, **options):
        """options: of DeleteOptions. What is gone already is fine."""
        try:
            return self.request("DELETE", self.path(kind, name, namespace), options or None)
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    def watch(self, kind, version, namespace=None, stop=None):
        """Yields (type, object) from this resourceVersion on until the server ends the stream, or `stop` is set."""
        path = self.path(kind, None, namespace, watch="true", resourceVersion=version, allowWatchBookmarks="true")
        # HTTP/1.0 has no chunks: what comes after the head are lines, and a time-out between two bytes loses nothing.
        with self._connect(30).sock as sock:
            sock.settimeout(0.5)
            sock.sendall(f"GET {path} HTTP/1.0\r\nHost: {ADDRESS}\r\nAccept: application/json\r\n\r\n".encode())
            rest, head = b"", None
            while not (stop and stop.is_set()):
                try:
                    chunk = sock.recv(1 << 16)
                except TimeoutError:
                    continue
                if not chunk:
                    return
                rest += chunk
                if head is None and b"\r\n\r\n" in rest:
                    head, _, rest = rest.partition(b"\r\n\r\n")
                    if int(head.split()[1]) != 200:
                        raise ApiError(int(head.split()[1]), rest)
                if head is not None:
                    *lines, rest = rest.split(b"\n")
                    for line in filter(None, lines):
                        event = json.loads(line)
                        yield event["type"], event["object"]


class ControlPlane:
    """etcd, kube-apiserver and kube-controller-manager, up on construction; `close` removes all of it.

    `network`-like for KafkaCluster: brokers run in the hub, under the addresses that netns.py gives them.
    """

    def __init__(self, directory, flags=""):
        """flags: more flags for kube-apiserver."""
        self.directory = Path(directory)
        self._claim = netns.Claim("-k8s")
        self._numbers = itertools.count(1)
        self._environment = {
            **os.environ,
            "KC_DIR": str(self.directory),
            "KC_HOST_IP": ADDRESS,
            "KC_PORT": str(PORT),
            "KC_ETCD_PORT": str(ETCD_PORT),
            "KC_API_FLAGS": flags,
            "KC_ROUTES": "10.213.0.0/24",  # the brokers
        }
        self.hosts = [(netns.broker_address(n), f"broker-{n}.kafka.internal") for n in range(10)]
        self.hub = netns.Namespace(f"{self._claim.tag}-hub", self.hosts)
        try:
            self.hub.ip("addr", "add", f"{ADDRESS}/32", "dev", "lo")
            for address, _ in self.hosts:
                self.hub.ip("addr", "add", f"{address}/32", "dev", "lo")
            forward = "echo 1 > /proc/sys/net/ipv4/ip_forward"  # pods reach each other through the hub
            subprocess.run(self.inside(["sh", "-c", forward]), check=True)
            self.script("up-control-plane")
        except BaseException:
            self.close()
            raise
        self.kafka = self.hub
        self.kubeconfig = self.directory / "admin.conf"
        self.api = Api(self.hub, self.directory)

    @staticmethod
    def own_addresses():
        return netns.Network.own_addresses()

    def inside(self, argv):
        """The argv that runs this in the hub, with /sys as outside (`ip netns exec` hides cgroups)."""
        return ["nsenter", f"--net=/run/netns/{self.hub.name}", *map(str, argv)]

    def script(self, *arguments):
        """cluster.sh in the hub."""
        done = subprocess.run(
            self.inside([SCRIPT, *arguments]), env=self._environment, capture_output=True, text=True, timeout=180
        )
        assert done.returncode == 0, f"cluster.sh {' '.join(map(str, arguments))}: {done.stderr}{self._logs()}"
        return done.stdout

    def _logs(self):
        """The last lines of every log: what a failed start leaves to tell."""
        logs = sorted((self.directory / "log").glob("*.log"))
        return "".join(f"\n--- {log.name}\n" + "\n".join(log.read_text().splitlines()[-5:]) for log in logs)

    def kubectl(self, *arguments, given=None, check=True):
        """What it printed; without `check` (exit code, stdout and stderr)."""
        argv = [binary("kubectl"), "--kubeconfig", self.kubeconfig, "--cache-dir", self.directory / "kubectl"]
        done = subprocess.run(
            self.inside([*argv, *arguments]), input=given, capture_output=True, text=True, timeout=120
        )
        if not check:
            return done.returncode, done.stdout + done.stderr
        assert done.returncode == 0, f"kubectl {' '.join(map(str, arguments))}: {done.stderr}"
        return done.stdout

    def helm(self, *arguments, check=True):
        folder = self.directory / "helm"
        environment = {
            **os.environ,
            "KUBECONFIG": str(self.kubeconfig),
            **{f"HELM_{name}_HOME": str(folder / name.lower()) for name in ("CACHE", "CONFIG", "DATA")},
        }
        argv = self.inside([binary("helm"), *arguments])
        done = subprocess.run(argv, capture_output=True, text=True, timeout=300, env=environment)
        if not check:
            return done.returncode, done.stdout + done.stderr
        assert done.returncode == 0, f"helm {' '.join(map(str, arguments))}: {done.stdout}{done.stderr}"
        return done.stdout

    def install_crds(self, folder=ROOT / "crds"):
        """Applies the definitions of this folder and waits until the API server serves them."""
        self.kubectl("apply", "--server-side", "-f", folder)
        # Not kubectl wait: it fails where an object has no conditions yet.
        for path in sorted(folder.glob("*.yaml")):
            until(f"{path.stem} is served", lambda name=path.stem: self._established(name))

    def _established(self, name):
        conditions = self.api.get("CustomResourceDefinition", name)["status"]["conditions"]
        return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)

    def restart(self, name="kube-apiserver"):
        """Kills one of the processes and starts it again; its state stays."""
        self.script("stop", name)
        self.script("start", name)

    def compact(self):
        """Forgets all history in etcd. With the API server restarted after it, old resourceVersions are 410 Gone."""
        etcd = http.client.HTTPConnection("127.0.0.1", ETCD_PORT, timeout=10)
        with self.hub.entered():
            etcd.connect()
        etcd.request("POST", "/v3/kv/range", json.dumps({"key": "AA=="}))
        revision = json.loads(etcd.getresponse().read())["header"]["revision"]
        etcd.request("POST", "/v3/kv/compaction", json.dumps({"revision": revision, "physical": True}))
        response = etcd.getresponse()
        body = response.read()
        etcd.close()
        assert response.status == 200, body

    def processes(self, name):
        """Those on the node whose program has this name (the kernel keeps 15 characters): their ids out here."""
        parents, names = {}, {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                pid, _, rest = stat.read_text().partition(" (")
                names[int(pid)], _, rest = rest.rpartition(") ")
                parents[int(pid)] = int(rest.split()[1])
        node = int((self.directory / "pid" / "node").read_text().split()[0])

        def on_node(pid):
            while pid in parents and pid != node:
                pid = parents[pid]
            return pid == node

        return [pid for pid in names if names[pid] == name[:15] and on_node(pid)]

    def add_pod(self, hosts=()):
        """A namespace for a pod, joined with the hub: (namespace, address). `hosts`: (address, name) pairs more."""
        number = next(self._numbers)
        address = f"10.244.{number // 250}.{number % 250 + 1}"
        pod = netns.Namespace(f"{self._claim.tag}-{number}", [*self.hosts, *hosts])
        device = f"pod{number}"
        self.hub.ip("link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", pod.name)
        self.hub.ip("link", "set", "dev", device, "up")
        pod.ip("addr", "add", f"{address}/32", "dev", "eth0")
        pod.ip("link", "set", "dev", "eth0", "up")
        pod.ip("route", "add", ADDRESS, "dev", "eth0")
        pod.ip("route", "add", "10.0.0.0/8", "via", ADDRESS)
        self.hub.ip("route", "add", f"{address}/32", "dev", device, "src", ADDRESS)
        return pod, address

    def make_namespace(self, name):
        """Returns when pods can be made in it."""
        self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        until(f"ServiceAccount default in {name}", lambda: self.api.find("ServiceAccount", "default", name))
        return name

    def close(self):
        with contextlib.suppress(AssertionError):
            self.script("down")
        self.hub.delete()
        self._claim.close()
