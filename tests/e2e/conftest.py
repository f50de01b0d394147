"""Fixtures on a real node: the images are loaded, the chart is installed, Kafka runs outside the cluster's pods."""

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import jvm  # noqa: E402
import kubernetes  # noqa: E402
import netns  # noqa: E402
from ending import end_in_order  # noqa: E402, F401
from fleet import SECONDS, Fleet  # noqa: E402
from kafka_cluster import KafkaCluster  # noqa: E402
from login import Login, secret  # noqa: E402
from waiting import until  # noqa: E402

RUN = Path(os.environ.get("KP_E2E_DIR", ROOT / "build" / "e2e"))
IMAGES = Path(os.environ.get("KP_IMAGES", ROOT / "build" / "images"))
CHART = ROOT / "helm" / "kafkaproxy-operator"
PROXY_IMAGE = "localhost/kafkaproxy"
OPERATOR_IMAGE = "localhost/kafkaproxy-operator"
TAG = "test"
OPERATOR_NAMESPACE = "kafkaproxy"
RELEASE = "kafkaproxy-operator"
ACCOUNT = f"system:serviceaccount:{OPERATOR_NAMESPACE}:{RELEASE}"
AUDIT_LOG = RUN / "audit.log"  # what the operator asked of the API server
MODES = ("portOffset", "sni")
LAST = ("test_rights.py", "test_uninstall.py")


def pytest_collection_modifyitems(items):
    """What looks at all that the others did, and what takes away what they need, come last."""
    items.sort(key=lambda item: LAST.index(item.path.name) if item.path.name in LAST else -1)


@pytest.fixture(scope="session")
def cluster():
    """A control plane with a node that knows the data plane's image. It minds who may block deletions, as OpenShift's
    does, and writes down what the operator asks of it."""
    shutil.rmtree(RUN / "logs", ignore_errors=True)
    AUDIT_LOG.unlink(missing_ok=True)
    policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"]}
    policy["rules"] = [{"level": "Metadata", "users": [ACCOUNT]}, {"level": "None"}]
    AUDIT_LOG.parent.mkdir(parents=True, exist_ok=True)
    AUDIT_LOG.with_name("audit-policy.yaml").write_text(json.dumps(policy))
    flags = ["--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement"]
    flags += [f"--audit-log-path={AUDIT_LOG}", f"--audit-policy-file={AUDIT_LOG.with_name('audit-policy.yaml')}"]
    made = kubernetes.ControlPlane(RUN / "cluster", " ".join(flags))
    try:
        made.script("up-node")
        made.script("image", f"{PROXY_IMAGE}:{TAG}", IMAGES / "kafkaproxy", "/usr/bin/kafkaproxy")
        yield made
        for folder in ("log", "pod-logs"):
            shutil.copytree(made.directory / folder, RUN / "logs" / folder, symlinks=True)
    finally:
        made.close()


@pytest.fixture(scope="session")
def chart(cluster):
    """The operator, installed as a user does it."""
    cluster.script(
        "image", f"{OPERATOR_IMAGE}:{TAG}", IMAGES / "kafkaproxy-operator", "/usr/bin/kafkaproxy-operator"
    )
    install(cluster)
    yield cluster
    uninstall(cluster)


def install(cluster):
    values = [f"image.repository={OPERATOR_IMAGE}", f"image.tag={TAG}", "image.pullPolicy=Never"]
    values += [f"proxyImage.repository={PROXY_IMAGE}", f"proxyImage.tag={TAG}"]
    values += [f"test.bootstrapServers={{{netns.broker_address(1)}:9092}}"]
    arguments = [argument for value in values for argument in ("--set", value)]
    arguments += ["--namespace", OPERATOR_NAMESPACE, "--create-namespace", "--wait", "--timeout", "2m"]
    cluster.helm("install", RELEASE, CHART, *arguments)


def uninstall(cluster):
    cluster.helm("uninstall", RELEASE, "--namespace", OPERATOR_NAMESPACE, "--wait", "--ignore-not-found")


@pytest.fixture(scope="session")
def kafka(cluster):
    """Three brokers in the hub. Pods reach their addresses; their names are for spec.resolve (`resolve`)."""
    jvm.prepare()
    with KafkaCluster(RUN / "kafka", 3, cluster) as running:
        yield running


@pytest.fixture(scope="session")
def resolve(cluster):
    """spec.resolve of a KafkaProxy: no DNS knows the brokers' names."""
    return [{"host": name, "ipv4": address} for address, name in cluster.hosts]


@pytest.fixture
def namespace(cluster, request):
    """The name of a namespace for this test; it goes at the end, with all that is in it."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:50].strip("-")
    made = cluster.make_namespace(f"{name}-{os.urandom(3).hex()}")
    yield made
    cluster.api.delete("Namespace", made)


@pytest.fixture(scope="session")
def fleets(chart, kafka, resolve):
    """mode -> a fleet of three pods that serves. Clients of the one log in, those of the other use TLS."""
    space = chart.make_namespace("shop")
    alice = Login("SASL_PLAINTEXT", "SCRAM-SHA-512", "alice", secret("client-alice"))
    made = {
        "portOffset": Fleet(chart, space, "offset", offset_spec(kafka), alice, RUN / "offset"),
        "sni": Fleet(chart, space, "sni", sni_spec(kafka), Login("SSL"), RUN / "sni"),
    }
    made["portOffset"].secret("users", credentials=f"alice={alice.password}\nbob={secret('client-bob')}\n")
    made["portOffset"].secret("brokers", credentials="".join(f"{u}={p}\n" for u, p in kafka.users.items()))
    small = {"requests": {"cpu": "20m", "memory": "32Mi"}}
    for fleet in made.values():
        fleet.spec |= {"replicas": 3, "resolve": resolve, "limits": {"drainTimeout": "5s"}}
        fleet.spec["podTemplate"] = {"spec": {"resources": small}}
        fleet.apply()
    for fleet in made.values():
        fleet.wait_whole()
        until("its brokers are told", lambda fleet=fleet: len(fleet.get()["status"]["brokers"]) == 3, SECONDS)
        fleet.introduce()
    made["sni"].trust(kafka.certs.ca)
    return made


def offset_spec(kafka):
    return {
        "upstream": {
            "bootstrapServers": kafka.bootstrap("SASL_PLAINTEXT"),
            "securityProtocol": "SASL_PLAINTEXT",
            "saslMechanism": "PLAIN",
        },
        "downstream": {"securityProtocol": "SASL_PLAINTEXT", "saslMechanisms": ["SCRAM-SHA-512"]},
        "routing": {"portOffset": {"base": 19092, "maxBrokerId": 9}},
        "authSwap": {
            "downstreamCredentialsSecretRef": {"name": "users"},
            "upstreamCredentialsSecretRef": {"name": "brokers"},
            "mapping": {"alice": "svc", "bob": "svc2"},
        },
    }


def sni_spec(kafka):
    return {
        "upstream": {"bootstrapServers": kafka.bootstrap("PLAINTEXT"), "securityProtocol": "PLAINTEXT"},
        "downstream": {"securityProtocol": "SSL", "tls": {"selfSigned": {}}},
        "routing": {"sni": {"port": 9092, "upstream": ".*", "downstream": "b<$id>.kafka.example.com"}},
    }
