"""Fixtures of the operator's tests: a real control plane once, a namespace of its own for every test."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import audit as audits  # noqa: E402
import jvm  # noqa: E402
import kubernetes  # noqa: E402
import proxy as proxies  # noqa: E402
from ending import end_in_order  # noqa: E402, F401
from kafka_cluster import KafkaCluster  # noqa: E402
from kubelet import Kubelet  # noqa: E402
from operators import Account, Operator  # noqa: E402

RUN = Path(os.environ.get("KP_RUN_DIR", ROOT / "build" / "operator"))
OPERATOR = Path(os.environ.get("KP_OPERATOR_BIN", ROOT / "build" / "bin" / "kafkaproxy-operator"))


@pytest.fixture(scope="session")
def control_plane():
    shutil.rmtree(RUN / "logs", ignore_errors=True)
    flags = audits.flags(RUN / "audit-policy.json", RUN / "cluster" / "log" / "audit.log")
    made = kubernetes.ControlPlane(RUN / "cluster", flags)
    try:
        made.install_crds()
        yield made
        shutil.copytree(made.directory / "log", RUN / "logs")  # down deletes the cluster's folder
    finally:
        made.close()


@pytest.fixture(scope="session")
def api(control_plane):
    return control_plane.api


@pytest.fixture(scope="session")
def audit(control_plane):
    return audits.Audit(control_plane.directory / "log" / "audit.log")


@pytest.fixture
def namespace(control_plane, request):
    """The name of a namespace for this test; it goes at the end, with all that is in it."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:50].strip("-")
    made = control_plane.make_namespace(f"{name}-{os.urandom(3).hex()}")
    yield made
    control_plane.api.delete("Namespace", made)


@pytest.fixture(scope="session")
def kubelet(control_plane):
    """Runs the pods of the data plane (and of the operator, where a Deployment has it)."""
    programs = [("operator", OPERATOR), ("kafkaproxy", proxies.BINARY), ("kubectl", kubernetes.binary("kubectl"))]
    with Kubelet(control_plane, RUN / "pods", programs) as running:
        yield running


@pytest.fixture(scope="session")
def kafka(control_plane):
    """Three brokers outside the cluster's pods, which reach them."""
    jvm.prepare()
    with KafkaCluster(RUN / "kafka", 3, control_plane) as running:
        yield running


@pytest.fixture(scope="session")
def launch(control_plane):
    """launch(name, *arguments, port=8080, ...): an operator as a process; who launches it ends it."""
    return lambda name, *arguments, **more: Operator(
        control_plane, OPERATOR, RUN / "operators", name, *arguments, **more
    )


@pytest.fixture
def start_operator(launch, namespace):
    """start_operator(*arguments, port=8080, ...): an operator for this test's namespace alone; ended with the test."""
    running = []

    def start(*arguments, **more):
        name = f"{namespace}-{len(running)}"
        running.append(launch(name, "--namespace", namespace, *arguments, **{"space": namespace, **more}))
        return running[-1]

    yield start
    for operator in running:
        if operator.child.running():
            operator.end()


@pytest.fixture
def operator(start_operator):
    return start_operator().wait_ready()


@pytest.fixture
def make_account(control_plane, namespace):
    """make_account(name, server=None): a user to the API server with all rights in this test's namespace."""
    return lambda name, server=None: Account(control_plane, name, namespace, server)
