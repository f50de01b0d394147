"""kubectl apply a KafkaProxy: three pods serve clients outside of the cluster and in it, in either routing mode."""

import os
import re
import subprocess

import client_pod
import kubernetes
import pytest
from client_pod import ClientPod
from conftest import MODES, ROOT


@pytest.fixture(params=MODES)
def fleet(request, fleets):
    return fleets[request.param]


@pytest.fixture(scope="module")
def kcat_image(cluster):
    return client_pod.kcat_image(cluster)


@pytest.fixture(scope="module")
def java_image(cluster):
    return client_pod.java_image(cluster)


def test_three_pods_run_what_was_applied(fleet):
    fleet.wait_whole()
    status = fleet.get()["status"]
    mode = next(iter(fleet.spec["routing"]))
    assert (status["mode"], status["programmed"], status["readyReplicas"]) == (mode, "3/3", 3)
    assert {c["type"]: c["status"] for c in status["conditions"]} == dict.fromkeys(
        ("Accepted", "ResolvedRefs", "Programmed", "Ready"), "True"
    )
    assert fleet.generations() == {status["generation"]}
    assert fleet.restarts() == 0


def test_java_writes_and_reads_from_outside(fleet):
    fleet.java("admin", "produce", "consume")


def test_librdkafka_writes_and_reads_from_outside(fleet):
    fleet.rdkafka("records")


def test_librdkafka_writes_and_reads_in_a_pod_by_the_name_of_the_service(fleet, kafka, kcat_image):
    # Given
    topic = kafka.create_topic(f"inside-{fleet.name}")
    lines = [f"line {n}" for n in range(200)]
    pod = ClientPod(fleet, kcat_image, {"lines": "\n".join(lines) + "\n"})
    settings = fleet.login.librdkafka(client_pod.CERTS) | {"bootstrap.servers": client_pod.bootstrap(fleet)}
    kcat = ["kcat", *(part for key, value in settings.items() for part in ("-X", f"{key}={value}")), "-t", topic]
    # When
    commands = {
        "write": [*kcat, "-P", "-X", "enable.idempotence=true", "-l", "/client/lines"],
        "read": [*kcat, "-C", "-o", "beginning", "-e", "-q"],
    }
    said = pod.run(f"client-kcat-{fleet.name}", commands)
    # Then
    assert sorted(said["read"].splitlines()) == sorted(lines)


def test_java_writes_and_reads_in_a_pod_by_the_name_of_the_service(fleet, java_image):
    image, host = java_image
    settings = fleet.login.java(client_pod.CERTS)
    pod = ClientPod(fleet, image, {"config": "".join(f"{key}={value}\n" for key, value in settings.items())}, host)
    options = ("--bootstrap", client_pod.bootstrap(fleet), "--config", "/client/config")
    options += ("--expect-addresses", ",".join(fleet.addresses()))
    said = pod.run(f"client-java-{fleet.name}", {"both": client_pod.java("produce", "consume", *options)})
    assert "produce: ok" in said["both"] and "consume: ok" in said["both"]


def test_the_document_leads_a_client_to_the_brokers(fleets, tmp_path):
    fleet = fleets["sni"]
    fleet.change(downstream={"securityProtocol": "SSL", "tls": {"selfSigned": {}}})  # as in the document's example
    (block,) = re.findall(r"^```console\n(.*?)^```", (ROOT / "docs" / "operator.md").read_text(), re.S | re.M)
    assert all(line.startswith("$ ") for line in block.splitlines())
    script = re.sub(r"^\$ ", "", block, flags=re.M).replace("-n shop", f"-n {fleet.namespace}")
    path = f"{kubernetes.binary('kubectl').parent}:{os.environ['PATH']}"
    done = subprocess.run(
        fleet.cluster.hub.command(["bash", "-e", "-o", "pipefail", "-c", script.replace("orders", fleet.name)]),
        env={**os.environ, "KUBECONFIG": str(fleet.cluster.kubeconfig), "PATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    told = set(re.findall(r"broker \d+ at (\S+)", done.stdout))
    assert told == set(fleet.addresses((1, 2, 3))), done.stdout
