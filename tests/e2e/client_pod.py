"""A client in a pod beside a fleet: it finds the Service by its name in the cluster's DNS."""

from types import SimpleNamespace

import jvm
import rootfs
from conftest import RUN
from waiting import until

FOLDER = "/client"  # where a pod finds its files
CERTS = SimpleNamespace(ca=f"{FOLDER}/ca")


def bootstrap(fleet):
    """Its Service, by name."""
    return f"{fleet.service()}:{fleet.bootstrap().split(',')[0].rsplit(':', 1)[1]}"


class ClientPod:
    """`files` (name -> text) are in FOLDER, with `ca` where TLS is; the folders of the machine that are in `host` are
    seen where they lie there, read-only."""

    def __init__(self, fleet, image, files, host=()):
        self._fleet = fleet
        self._image = image
        self._files = dict(files)
        self._host = {f"host-{n}": str(path) for n, path in enumerate(host)}
        self._aliases = []
        if fleet.login.tls:
            self._files["ca"] = fleet.certs.ca.read_text()
            # No DNS of ours knows what brokers are called.
            names = [address.rsplit(":", 1)[0] for address in fleet.addresses()]
            self._aliases.append({"ip": fleet.address(), "hostnames": names})

    def run(self, name, commands, seconds=60):
        """Runs the commands (role -> argv), one after the other; role -> what it printed. Each must succeed."""
        fleet, api, space = self._fleet, self._fleet.api, self._fleet.namespace
        meta = {"name": name, "namespace": space}
        api.apply({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": self._files})
        *first, last = [self._container(role, argv) for role, argv in commands.items()]
        spec = {
            "restartPolicy": "Never",
            "hostAliases": self._aliases,
            "volumes": [
                {"name": "client", "secret": {"secretName": name}},
                *({"name": key, "hostPath": {"path": path}} for key, path in self._host.items()),
            ],
            "initContainers": first,
            "containers": [last],
        }
        api.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})

        def ended():
            phase = api.get("Pod", name, space)["status"].get("phase")
            return phase if phase in ("Succeeded", "Failed") else None

        phase = until(f"pod {name} has ended", ended, seconds)
        printed = {r: fleet.cluster.kubectl("logs", "-n", space, name, "-c", r, check=False)[1] for r in commands}
        assert phase == "Succeeded", printed
        return printed

    def _container(self, role, argv):
        mounts = [{"name": "client", "mountPath": FOLDER}]
        mounts += [{"name": name, "mountPath": path, "readOnly": True} for name, path in self._host.items()]
        command = [str(part) for part in argv]
        return {"name": role, "image": self._image, "command": command, "volumeMounts": mounts}


def kcat_image(cluster):
    name = "localhost/kcat:test"
    cluster.script("image", name, rootfs.make(RUN / "kcat", "kcat"))
    return name


def java_image(cluster):
    """(image, what a pod needs of the machine's folders): 300 MB of JVM and jars are quicker shown than loaded."""
    name, home = "localhost/java:test", jvm.home()
    made = rootfs.make(RUN / "java", needs=[home / "bin" / "java", home / "lib" / "server" / "libjvm.so"])
    cluster.script("image", name, made)
    settings = (home / "conf" / "security" / "java.security").resolve().parents[1]  # Debian's are links to /etc
    return name, [home, jvm.KAFKA, *([settings] if home not in settings.parents else [])]


def java(*arguments):
    """ClientScenarios in a pod of java_image."""
    return [jvm.home() / "bin" / "java", *jvm.command("dev.kafkaproxy.tests.ClientScenarios", *arguments)[1:]]
