"""A kubelet's stand-in, for tests without a node: it takes the pods that the control plane makes, and runs each one's
program as a real process in a network namespace of its own, with its volumes mounted.

As the real one: volumes are written by the symlink swap of `..data`; a changed ConfigMap or Secret reaches them when an
annotation of the pod changes, else only after about a minute (here: when the test says `sync`); readiness is asked for
over HTTP; an ended program is started again; a deleted pod gets its preStop sleep, SIGTERM, its grace, SIGKILL. Unlike
it: readiness is asked for five times a second, and nobody looks at liveness, users, rights or resources.
"""

import base64
import contextlib
import datetime
import http.client
import os
import shutil
import threading
from pathlib import Path

import proxy as proxies
from kubernetes import ADDRESS, PORT, ApiError
from processes import Child
from waiting import until

NODE = "stand-in"
PERIOD = 0.2  # seconds between two looks at a pod
_SANITIZED = {"ASAN_OPTIONS": "exitcode=99", "UBSAN_OPTIONS": "print_stacktrace=1", "TSAN_OPTIONS": "exitcode=98"}

# Each mount is a pair of arguments before "--"; its point is made where there is none. `ip netns exec` gives us a mount
# namespace, so nobody else sees them.
_MOUNT_AND_RUN = """
while [ "$1" != -- ]; do mkdir -p "$2" && mount --bind "$1" "$2" || exit 125; shift 2; done
shift; exec "$@"
"""


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Volume:
    """A folder that changes as a whole: files are links through `..data`, which is renamed into place."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True)
        self._version = 0
        self.files = None  # path -> bytes, as last written

    def write(self, files):
        """Returns whether anything changed."""
        if files == self.files:
            return False
        old = self.directory / f"..{self._version}"
        self._version += 1
        folder = self.directory / f"..{self._version}"
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        folder.mkdir(exist_ok=True)
        beside = self.directory / "..data_tmp"
        beside.symlink_to(folder.name)
        beside.replace(self.directory / "..data")
        shown = {path.split("/")[0] for path in files}
        for name in shown:
            link = self.directory / name
            if not link.is_symlink():
                link.symlink_to(f"..data/{name}")
        for link in self.directory.iterdir():
            if link.name not in shown and not link.name.startswith(".."):
                link.unlink()
        shutil.rmtree(old, ignore_errors=True)
        self.files = files
        return True


class Gone(Exception):
    """The pod is to end; nobody waits for an answer."""


class Patient:
    """An Api whose calls are made again until the API server answers: it may be in the middle of a restart."""

    def __init__(self, api, gone):
        self._api = api
        self._gone = gone

    def __getattr__(self, name):
        method = getattr(self._api, name)

        def call(*arguments, **more):
            while True:
                try:
                    return method(*arguments, **more)
                except (OSError, http.client.HTTPException):
                    pass
                except ApiError as error:
                    if error.status != 429 and error.status < 500:
                        raise
                if self._gone.wait(PERIOD):
                    raise Gone()

        return call


class Missing(Exception):
    """A volume names what does not exist (yet)."""


class Sources:
    """What a pod's volumes hold, read from the API server."""

    def __init__(self, api, pod):
        self._api = api
        self._pod = pod
        self._namespace = pod["metadata"]["namespace"]
        self._token = None

    def content(self, volume):
        """path -> bytes."""
        if "projected" in volume:
            files = {}
            for source in volume["projected"]["sources"]:
                ((kind, spec),) = source.items()
                files |= getattr(self, "_" + kind)(spec)
            return files
        if "secret" in volume:
            return self._secret({**volume["secret"], "name": volume["secret"]["secretName"]})
        if "configMap" in volume:
            return self._configMap(volume["configMap"])
        if "emptyDir" in volume:
            return {}
        raise AssertionError(f"a volume of a kind that the stand-in doesn't know: {volume}")

    def _secret(self, spec):
        return self._keys("Secret", spec, base64.b64decode)

    def _configMap(self, spec):
        return self._keys("ConfigMap", spec, str.encode)

    def _keys(self, kind, spec, decode):
        item = self._api.find(kind, spec["name"], self._namespace)
        if item is None:
            if spec.get("optional"):
                return {}
            raise Missing(f"{kind} {spec['name']}")
        data = {key: decode(value) for key, value in item.get("data", {}).items()}
        if "items" not in spec:
            return data
        missing = [entry["key"] for entry in spec["items"] if entry["key"] not in data]
        if missing and not spec.get("optional"):
            raise Missing(f"{kind} {spec['name']}: no key {missing[0]}")
        return {entry["path"]: data[entry["key"]] for entry in spec["items"] if entry["key"] in data}

    def _serviceAccountToken(self, spec):
        if self._token is None:
            path = self._api.path("ServiceAccount", self._pod["spec"]["serviceAccountName"], self._namespace, "token")
            wish = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
            wish["spec"] = {"expirationSeconds": spec.get("expirationSeconds", 3600)}
            self._token = self._api.request("POST", path, wish)["status"]["token"]
        return {spec["path"]: self._token.encode()}

    def _downwardAPI(self, spec):
        return {entry["path"]: field(self._pod, entry["fieldRef"]["fieldPath"]).encode() for entry in spec["items"]}


def field(pod, path):
    """What a fieldRef means; only plain paths."""
    value = pod
    for name in path.split("."):
        value = value[name]
    return value


class Pod:
    """One pod that runs here. Everything happens on its own thread; others only look, or nudge it."""

    def __init__(self, kubelet, item):
        self.item = item
        self.name = item["metadata"]["name"]
        self.space = item["metadata"]["namespace"]
        self.uid = item["metadata"]["uid"]
        self.restarts = 0
        self.ready = False
        self.network = None  # its namespace, once it has one
        self.address = None
        self.child = None
        self.refreshes = 0  # how often its volumes changed
        self.directory = kubelet.directory / f"{self.space}.{self.name}"
        self._kubelet = kubelet
        self._volumes = {}
        self._seen = item["metadata"].get("annotations", {})
        self._sync = threading.Event()
        self._gone = threading.Event()
        self._api = Patient(kubelet.control_plane.api, self._gone)
        self._thread = threading.Thread(target=self._live, name=f"pod {self.name}", daemon=True)

    # ---- for tests

    @property
    def container(self):
        return self.item["spec"]["containers"][0]

    @property
    def log(self):
        return self.child.output() if self.child else ""

    def admin(self, path, port=9404, seconds=10):
        """(status, body) of the data plane's admin endpoint."""
        connection = http.client.HTTPConnection(self.address, port, timeout=seconds)
        with self._kubelet.control_plane.hub.entered():
            connection.connect()
        connection.request("GET", path, headers={"Connection": "close"})
        response = connection.getresponse()
        try:
            return response.status, response.read().decode()
        finally:
            connection.close()

    def file(self, path):
        """The content of a file of its volumes, by the path that the container knows; None: there is none."""
        for mount in self.container.get("volumeMounts", []):
            inside = os.path.relpath(path, mount["mountPath"])
            if not inside.startswith("..") and mount["name"] in self._volumes:
                return (self._volumes[mount["name"]].files or {}).get(inside)
        return None

    def sync(self):
        """Its volumes follow their sources now, as they do by themselves after about a minute."""
        self._sync.set()

    # ---- for the kubelet

    def start(self):
        self._thread.start()

    def update(self, item):
        annotations = item["metadata"].get("annotations", {})
        if annotations != self._seen:
            self._seen = annotations
            self._sync.set()
        self.item = item

    def gone(self):
        """The API server has forgotten it: its program ends without grace."""
        self._gone.set()

    def join(self, seconds):
        self._thread.join(seconds)

    # ---- its life

    def _live(self):
        try:
            self._bind()
            self.network, self.address = self._kubelet.control_plane.add_pod(self._kubelet.hosts)
            if self._mount():
                self._run()
                self._follow()
        except Gone:
            pass
        except ApiError as error:
            # Deleted meanwhile, or its namespace is on its way out: nothing to tell anybody.
            if error.status != 404 and "is being terminated" not in str(error):
                self._kubelet.failed(self, error)
        except Exception as error:
            self._kubelet.failed(self, error)
        finally:
            if self.child is not None:
                self.child.kill()
            if self.network is not None:
                self.network.delete()
            self._kubelet.forget(self)

    def _bind(self):
        if self.item["spec"].get("nodeName"):
            return
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": self.name, "uid": self.uid}}
        binding["target"] = {"apiVersion": "v1", "kind": "Node", "name": NODE}
        self._api.request("POST", self._api.path("Pod", self.name, self.space, "binding"), binding)

    def _mount(self):
        """Writes the volumes, as soon as what they name is there. False: the pod went before."""
        self._sources = Sources(self._api, self.item)
        self._volumes = {
            volume["name"]: Volume(self.directory / "volumes" / volume["name"])
            for volume in self.item["spec"].get("volumes", [])
        }
        while not self._deleted():
            self._sync.clear()
            try:
                self._refresh()
                return True
            except Missing as missing:
                self._say(waiting={"reason": "ContainerCreating", "message": str(missing)})
                self._gone.wait(PERIOD)
        self._finish()
        return False

    def _refresh(self):
        content = {v["name"]: self._sources.content(v) for v in self.item["spec"].get("volumes", [])}
        if any([self._volumes[name].write(files) for name, files in content.items()]):
            self.refreshes += 1

    def _run(self):
        mounts = [
            str(part)
            for mount in self.container.get("volumeMounts", [])
            for part in (self._volumes[mount["name"]].directory, mount["mountPath"])
        ]
        words = [*self.container.get("command", ["program"]), *self.container.get("args", [])]
        program = [self._kubelet.binary(self.container["image"]), *words[1:]]
        argv = ["sh", "-c", _MOUNT_AND_RUN, "sh", *mounts, "--", *program]
        self._started = now()
        self.child = Child(self.name, argv, self.directory / "log", self._environment(), self.network)
        self._say()

    def _environment(self):
        made = {**_SANITIZED, "KUBERNETES_SERVICE_HOST": ADDRESS, "KUBERNETES_SERVICE_PORT": str(PORT)}
        for entry in self.container.get("env", []):
            source = entry.get("valueFrom", {})
            if "fieldRef" in source and source["fieldRef"]["fieldPath"] == "status.podIP":
                made[entry["name"]] = self.address
            elif "fieldRef" in source:
                made[entry["name"]] = field(self.item, source["fieldRef"]["fieldPath"])
            else:
                made[entry["name"]] = entry.get("value", "")
        return made

    def _deleted(self):
        return self._gone.is_set() or "deletionTimestamp" in self.item["metadata"]

    def _follow(self):
        while not self._deleted():
            if self._sync.is_set():
                self._sync.clear()
                with contextlib.suppress(Missing):  # what was there stays mounted
                    self._refresh()
            if not self.child.running():
                self.ready = False
                self._say(waiting={"reason": "CrashLoopBackOff"})
                self.restarts += 1
                self._gone.wait(min(2 ** (self.restarts - 1), 10))
                self._run()
            ready = self._probe()
            if ready != self.ready:
                self.ready = ready
                self._say()
            self._sync.wait(PERIOD)
        self._finish()

    def _probe(self):
        probe = self.container.get("readinessProbe", {}).get("httpGet")
        if probe is None:
            return True
        port = probe["port"]
        if isinstance(port, str):
            port = next(p["containerPort"] for p in self.container["ports"] if p["name"] == port)
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.admin(probe.get("path", "/"), port, probe.get("timeoutSeconds", 1))[0] < 400
        return False

    def _finish(self):
        """Deleted: preStop, SIGTERM, grace; then the API server may forget it."""
        meta = self.item["metadata"]
        if self.child is not None and not self._gone.is_set():
            grace = meta.get("deletionGracePeriodSeconds", 30)
            nap = self.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            self._gone.wait(min(nap, grace))
            self.child.stop(max(grace - nap, 2))
            report = proxies.SANITIZER.search(self.log)
            if report:
                self._kubelet.failed(self, AssertionError(self.child.tail(120)))
        if not self._gone.is_set():
            self._api.delete("Pod", self.name, self.space, gracePeriodSeconds=0, preconditions={"uid": self.uid})

    def _say(self, waiting=None):
        """Patches its status: what runs, and whether it is ready."""
        running = waiting is None
        ready = "True" if running and self.ready else "False"
        conditions = [
            {"type": kind, "status": status, "lastTransitionTime": now()}
            for kind, status in (
                ("PodScheduled", "True"),
                ("Initialized", "True"),
                ("ContainersReady", ready),
                ("Ready", ready),
            )
        ]
        container = {
            "name": self.container["name"],
            "image": self.container["image"],
            "imageID": self.container["image"],
            "ready": ready == "True",
            "started": running,
            "restartCount": self.restarts,
            "state": {"running": {"startedAt": self._started}} if running else {"waiting": waiting},
        }
        status = {
            "phase": "Running" if running else "Pending",
            "hostIP": ADDRESS,
            "podIP": self.address,
            "podIPs": [{"ip": self.address}],
            "conditions": conditions,
            "containerStatuses": [container],
        }
        if running:
            status["startTime"] = self._started
        self._api.patch("Pod", self.name, self.space, {"metadata": {"uid": self.uid}, "status": status}, "status")


class Kubelet:
    """Plays the one node of a control plane. `with` it; on its end it tells what went wrong within."""

    def __init__(self, control_plane, directory, binaries, hosts=()):
        """binaries: (word, path) pairs: an image whose name holds the word runs that program. The first that fits
        counts; pods of other images are left alone. `hosts`: names that pods know besides the brokers'."""
        self.control_plane = control_plane
        self.directory = Path(directory)
        self.hosts = list(hosts)
        self._binaries = binaries
        self._api = control_plane.api
        self._pods = {}  # uid -> Pod, under _lock
        self._ended = set()  # uids, under _lock: events that come late must not start them again
        self._failures = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._watch, self._heartbeat)]

    def __enter__(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        self._api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}})
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(10)
        for pod in self.pods():
            pod.gone()
        for pod in self.pods():
            pod.join(10)
        failures, self._failures = self._failures, []
        assert not failures, "\n".join(failures)

    def binary(self, image):
        return next((path for word, path in self._binaries if word in image), None)

    def pods(self, namespace=None, name=None):
        """Those that run here, oldest first; of one namespace, and whose name starts with `name`."""
        with self._lock:
            found = list(self._pods.values())
        return sorted(
            (
                pod
                for pod in found
                if (namespace is None or pod.space == namespace) and (name is None or pod.name.startswith(name))
            ),
            key=lambda pod: (pod.item["metadata"]["creationTimestamp"], pod.name),
        )

    def wait_ready(self, namespace, count, seconds=30):
        """Exactly so many pods, all ready."""

        def there():
            pods = self.pods(namespace)
            return pods if len(pods) == count and all(pod.ready for pod in pods) else None

        return until(f"{count} ready pods in {namespace}", there, seconds)

    def sync(self):
        for pod in self.pods():
            pod.sync()

    def failed(self, pod, error):
        self._failures.append(f"pod {pod.space}/{pod.name}: {type(error).__name__}: {error}")

    def forget(self, pod):
        with self._lock:
            self._pods.pop(pod.uid, None)
            self._ended.add(pod.uid)

    def _watch(self):
        while not self._stop.is_set():
            try:
                listed = self._api.request("GET", self._api.path("Pod"))
                known = {item["metadata"]["uid"] for item in listed["items"]}
                for pod in self.pods():
                    if pod.uid not in known:
                        pod.gone()
                for item in listed["items"]:
                    self._take(item)
                for kind, item in self._api.watch("Pod", listed["metadata"]["resourceVersion"], stop=self._stop):
                    if kind == "DELETED":
                        self._drop(item)
                    elif kind in ("ADDED", "MODIFIED"):
                        self._take(item)
                    elif kind == "ERROR":
                        break
            except (OSError, http.client.HTTPException, ApiError):
                self._stop.wait(PERIOD)  # the API server is being restarted

    def _take(self, item):
        if self.binary(item["spec"]["containers"][0]["image"]) is None:
            return
        uid = item["metadata"]["uid"]
        with self._lock:
            pod = self._pods.get(uid)
            if pod is None:
                if uid in self._ended:
                    return
                if "deletionTimestamp" in item["metadata"] and "nodeName" not in item["spec"]:
                    return
                pod = self._pods[uid] = Pod(self, item)
                pod.start()
        pod.update(item)

    def _drop(self, item):
        with self._lock:
            pod = self._pods.get(item["metadata"]["uid"])
        if pod is not None:
            pod.gone()

    def _heartbeat(self):
        """Without one the node lifecycle controller takes the pods for lost."""
        while True:
            condition = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": now()}
            status = {
                "addresses": [{"type": "InternalIP", "address": ADDRESS}],
                "capacity": {"cpu": "8", "memory": "16Gi", "pods": "1000"},
                "conditions": [condition],
            }
            with contextlib.suppress(OSError, http.client.HTTPException, ApiError):
                self._api.patch("Node", NODE, None, {"status": status}, "status")
            if self._stop.wait(10):
                return
