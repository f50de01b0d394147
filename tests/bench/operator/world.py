"""What the measurements share: a control plane, what plays or is the node, Kafka, operators; figures of processes."""

import contextlib
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import jvm  # noqa: E402
import kubernetes  # noqa: E402
from kafka_cluster import KafkaCluster  # noqa: E402
from kubelet import Kubelet  # noqa: E402
from operators import IMAGE, Operator  # noqa: E402

_TICKS = os.sysconf("SC_CLK_TCK")
_NODE_IMAGE = "localhost/kafkaproxy:bench"


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory(pid):
    """(VmRSS, VmHWM) in MiB."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return tuple(round(int(lines[key].split()[0]) / 1024, 1) for key in ("VmRSS", "VmHWM"))


class World:
    """`with` it; what is asked for first is made then."""

    def __init__(self, directory, operator, proxy, node=False):
        self.directory = Path(directory)
        self.node = node
        self.image = _NODE_IMAGE if node else IMAGE
        self._binaries = {"operator": operator, "kafkaproxy": proxy}
        self._stack = contextlib.ExitStack()
        self._kubelet = self._kafka = None
        self._operators = 0

    def __enter__(self):
        shutil.rmtree(self.directory / "operators", ignore_errors=True)
        self.control_plane = kubernetes.ControlPlane(self.directory / "cluster")
        self._stack.callback(self.control_plane.close)
        self.api = self.control_plane.api
        self.control_plane.install_crds()
        if self.node:
            images = Path(os.environ.get("KP_IMAGES", ROOT / "build" / "images"))
            self.control_plane.script("up-node")
            self.control_plane.script("image", _NODE_IMAGE, images / "kafkaproxy", "/usr/bin/kafkaproxy")
        return self

    def __exit__(self, *_):
        self._stack.close()

    @property
    def kubelet(self):
        """The stand-in; None where there is a node."""
        if self._kubelet is None and not self.node:
            programs = [("kafkaproxy", self._binaries["kafkaproxy"])]
            made = Kubelet(self.control_plane, self.directory / "pods", programs)
            self._kubelet = self._stack.enter_context(made)
        return self._kubelet

    @property
    def kafka(self):
        if self._kafka is None:
            jvm.prepare()
            made = KafkaCluster(self.directory / "kafka", 3, self.control_plane)
            self._kafka = self._stack.enter_context(made)
        return self._kafka

    def control_plane_cpu_seconds(self):
        folder = self.control_plane.directory / "pid"
        return sum(
            cpu_seconds((folder / name).read_text().split()[0])
            for name in ("etcd", "kube-apiserver", "kube-controller-manager")
        )

    def namespace(self, name):
        return self.control_plane.make_namespace(name)

    @contextlib.contextmanager
    def operator(self, *arguments, port=8080, space="default"):
        self._operators += 1
        made = Operator(
            self.control_plane,
            self._binaries["operator"],
            self.directory / "operators",
            f"operator-{self._operators}",
            *arguments,
            port=port,
            space=space,
            image=self.image,
        )
        try:
            yield made
        finally:
            if made.child.running():
                made.end()
