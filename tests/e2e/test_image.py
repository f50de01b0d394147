"""The images as they are: small, and content with the least rights."""

import subprocess

import pytest
from conftest import IMAGES, PROXY_IMAGE, TAG
from waiting import until

LIMIT = 40 << 20  # bytes


def in_pod(cluster, namespace, *arguments):
    """Runs the data plane's image to its end under the restricted standard: (phase, what it printed)."""
    cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    container = {
        "name": "kafkaproxy",
        "image": f"{PROXY_IMAGE}:{TAG}",
        "args": list(arguments),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    rights = {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"containers": [container], "restartPolicy": "Never", "securityContext": rights}
    meta = {"name": "once", "namespace": namespace}
    cluster.api.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})

    def ended():
        phase = cluster.api.get("Pod", "once", namespace)["status"].get("phase")
        return phase if phase in ("Succeeded", "Failed") else None

    return until("the pod has ended", ended), cluster.kubectl("logs", "-n", namespace, "once")


def test_the_program_runs_with_the_least_rights(cluster, namespace):
    phase, said = in_pod(cluster, namespace, "version")
    assert (phase, said.split()[0]) == ("Succeeded", "kafkaproxy")


@pytest.mark.parametrize("name", ["kafkaproxy", "kafkaproxy-operator"])
def test_an_image_is_small(name):
    done = subprocess.run(["du", "-sb", IMAGES / name], capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[0]) <= LIMIT


@pytest.mark.parametrize("name", ["kafkaproxy", "kafkaproxy-operator"])
def test_no_shell_is_in_an_image(name):
    programs = [path.name for path in (IMAGES / name / "usr" / "bin").iterdir()]
    assert programs == [name]
