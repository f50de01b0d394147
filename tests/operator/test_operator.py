"""What the operator does for a KafkaProxy: a real control plane, real data planes, real brokers."""

import time

import kafka_wire
import pytest
from custom_resource import KafkaProxy, pod_page
from kafka_proxy import KIND, SECONDS
from waiting import until


@pytest.fixture
def proxy(api, kubelet, namespace, kafka, operator):
    """Applied, and in force on both of its pods."""
    made = KafkaProxy(api, kubelet, namespace, kafka.bootstrap("PLAINTEXT")[:1])
    made.apply()
    made.wait("Programmed")
    return made


def test_a_fleet_comes_up_and_says_so(proxy):
    proxy.wait("Ready")
    status = proxy.get()["status"]
    assert status["programmed"] == "2/2"
    assert status["bootstrapServers"] == f"orders.{proxy.namespace}.svc:19092"
    assert set(proxy.generations().values()) == {status["generation"]}
    assert {c["type"]: c["status"] for c in status["conditions"]} == dict.fromkeys(
        ("Accepted", "ResolvedRefs", "Programmed", "Ready"), "True"
    )


def test_the_service_has_the_ports_of_the_brokers(proxy):
    until("a port for each broker", lambda: len(proxy.ports()) == 1 + 3, SECONDS)
    assert proxy.ports()["bootstrap-0"] == 19092
    ids = sorted(broker["id"] for broker in proxy.get()["status"]["brokers"])
    assert {name: port for name, port in proxy.ports().items() if name != "bootstrap-0"} == {
        f"broker-{n}": 19092 + 20 + n for n in ids
    }


def test_a_change_reaches_every_pod_and_restarts_none(proxy):
    before = {pod.name: pod.uid for pod in proxy.pods()}
    for seconds in range(31, 36):
        proxy.spec["limits"]["idleTimeout"] = f"{seconds}s"
        proxy.apply()
        proxy.wait("Programmed", seconds=10)
        assert all(f"idle_timeout: {seconds}s" in pod_page(pod)["config"] for pod in proxy.pods())
    assert {pod.name: pod.uid for pod in proxy.pods()} == before
    assert all(pod.restarts == 0 for pod in proxy.pods())


def test_a_changed_secret_reaches_every_pod(proxy):
    proxy.secret("users", credentials="alice=first\n")
    proxy.secret("svc", credentials="svc=upstream\n")
    proxy.spec["downstream"] = {"securityProtocol": "SASL_PLAINTEXT", "saslMechanisms": ["PLAIN"]}
    proxy.spec["authSwap"] = {"downstreamCredentialsSecretRef": {"name": "users"}}
    proxy.apply()
    proxy.wait("Programmed")
    before = proxy.get()["status"]["generation"]
    proxy.secret("users", credentials="alice=second\n")
    until("another generation", lambda: proxy.get()["status"]["generation"] != before)
    proxy.wait("Programmed", seconds=10)
    assert all(pod.file("/etc/kafkaproxy/downstream-credentials") == b"alice=second\n" for pod in proxy.pods())


def test_a_missing_secret_is_named_and_what_was_in_force_stays(proxy):
    before = proxy.generations()
    proxy.spec["downstream"] = {"securityProtocol": "SASL_PLAINTEXT", "saslMechanisms": ["PLAIN"]}
    proxy.spec["authSwap"] = {"downstreamCredentialsSecretRef": {"name": "nowhere"}}
    proxy.apply()
    missing = proxy.wait("ResolvedRefs", "False", "SecretNotFound")
    assert "nowhere" in missing["message"]
    proxy.wait("Programmed", "False", "NotApplied")
    assert proxy.generations() == before
    proxy.secret("nowhere", credentials="alice=first\n")
    proxy.wait("Programmed")
    assert proxy.generations() != before


def test_what_a_pod_refuses_is_named_and_taken_back(proxy):
    # Given bootstrap servers that nobody answers at (only a pod can know), and other ports
    before = proxy.generations()
    ports = until("a port for each broker", lambda: len(proxy.ports()) == 4 and proxy.ports(), SECONDS)
    good = proxy.spec["upstream"]["bootstrapServers"]
    proxy.spec["upstream"]["bootstrapServers"] = ["broker-9.kafka.internal:9"]
    proxy.spec["routing"]["portOffset"]["base"] = 29092
    proxy.apply()
    # Then
    refused = proxy.wait("Programmed", "False", "Refused")
    assert proxy.ports() == ports
    assert proxy.get()["status"]["bootstrapServers"].endswith(":19092")
    assert "broker-9.kafka.internal:9" in refused["message"]
    good_text = f"bootstrap_servers: [{good[0]}]"

    def put_back():
        text = proxy.api.get("ConfigMap", "orders-config", proxy.namespace)["data"]["config.yaml"]
        return good[0] in text

    until(f"{good_text} again", put_back, SECONDS)
    until("no pod refuses anything", lambda: all(pod_page(p)["last_reload_error"] is None for p in proxy.pods()), 30)
    assert proxy.generations() == before
    # And a spec that is right is in force
    proxy.spec["upstream"]["bootstrapServers"] = good
    proxy.apply()
    proxy.wait("Programmed")
    until("the Service follows", lambda: proxy.ports().get("bootstrap-0") == 29092, SECONDS)


def test_topics_that_the_mapping_does_not_fit_are_named(proxy, kafka, control_plane):
    # Given
    topic = kafka.create_topic("virtual-unfit", 3)
    mapping = {"virtualPartitions": 20, "physicalPartitions": 4, "topics": [{"name": "virtual-.*"}]}
    proxy.spec["partitionMapping"] = mapping
    proxy.apply()
    proxy.wait("Programmed")
    proxy.wait("TopicsFit")

    def seen_by_clients():
        with control_plane.hub.connect(proxy.pods()[0].address, 19092) as client:
            return len(kafka_wire.metadata(client, [topic]).topics[topic])

    # When
    assert seen_by_clients() == 0
    # Then
    told = proxy.wait("TopicsFit", "False", "TopicsDiffer")
    assert told["message"].startswith("virtual-unfit has 3 partitions, not 4; ")
    # And when it fits
    kafka.tool("org.apache.kafka.tools.TopicCommand", "--alter", "--topic", topic, "--partitions", "4")
    until("clients see it", lambda: seen_by_clients() == 20, SECONDS)
    proxy.wait("TopicsFit")


def test_records_stay_where_the_mapping_has_put_them(proxy):
    mapping = {"virtualPartitions": 20, "physicalPartitions": 2, "topics": [{"name": "orders"}]}
    proxy.spec["partitionMapping"] = mapping
    proxy.apply()
    proxy.wait("Programmed")
    before = proxy.generations()
    mapping["virtualPartitions"] = 10
    proxy.apply()
    refused = proxy.wait("Accepted", "False", "Invalid")
    assert refused["message"].startswith("spec.partitionMapping.virtualPartitions can't shrink, from 20 to 10")
    assert proxy.generations() == before
    mapping["virtualPartitions"] = 40
    proxy.apply()
    proxy.wait("Programmed")
    assert all("virtual_partitions: 40" in pod_page(pod)["config"] for pod in proxy.pods())


def test_scaling_keeps_the_pods_that_are_there(proxy):
    before = {pod.uid for pod in proxy.pods()}
    proxy.api.patch(KIND, "orders", proxy.namespace, {"spec": {"replicas": 4}}, "scale")
    until("four pods run it", lambda: proxy.get()["status"].get("programmed") == "4/4", SECONDS)
    assert before <= {pod.uid for pod in proxy.pods()}


def test_nothing_is_written_when_nothing_changes(proxy, operator):
    proxy.wait("Ready")

    def writes():
        _, text = operator.page("/metrics")
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in text.splitlines()
            if line.startswith("kafka_proxy_operator_api_requests_total")
            and any(f'verb="{verb}"' in line for verb in ("apply", "patch", "create", "update", "delete"))
        )

    def settled():
        before = writes()
        time.sleep(5)
        return writes() == before

    until("no write in five seconds", settled, SECONDS)
    before = writes()
    assert before > 0
    proxy.api.patch("Pod", proxy.pods()[0].name, proxy.namespace, {"metadata": {"annotations": {"by": "a test"}}})
    time.sleep(3)
    assert writes() == before


def test_a_foreign_change_is_put_right_and_a_foreign_field_stays(proxy):
    labels = {"metadata": {"labels": {"team": "payments"}}, "spec": {"replicas": 1}}
    proxy.api.patch("Deployment", "orders", proxy.namespace, labels)
    until(
        "two replicas again",
        lambda: proxy.api.get("Deployment", "orders", proxy.namespace)["spec"]["replicas"] == 2,
        SECONDS,
    )
    assert proxy.api.get("Deployment", "orders", proxy.namespace)["metadata"]["labels"]["team"] == "payments"


def test_deletion_leaves_nothing(proxy):
    kinds = ("Deployment", "Service", "ConfigMap", "Secret", "PodDisruptionBudget")
    assert all(proxy.made(kind) for kind in kinds)
    proxy.api.delete(KIND, "orders", proxy.namespace)
    until("all is gone", lambda: not any(proxy.made(kind) for kind in kinds), SECONDS * 2)
    until("the pods too", lambda: not proxy.pods(), SECONDS)


def test_an_operator_that_was_killed_goes_on_where_it_was(proxy, operator, start_operator):
    before = proxy.generations()
    operator.child.kill()
    proxy.spec["limits"]["idleTimeout"] = "99s"
    proxy.apply()
    start_operator(port=8081).wait_ready()
    proxy.wait("Programmed")
    assert proxy.generations().keys() == before.keys()


def test_it_outlives_a_restart_of_the_api_server(proxy, control_plane):
    control_plane.compact()
    control_plane.restart()
    proxy.spec["limits"]["idleTimeout"] = "88s"
    until("the API server takes it", lambda: accepted(proxy), 30)
    proxy.wait("Programmed")


def accepted(proxy):
    try:
        return proxy.apply()
    except OSError:
        return None


def test_one_of_two_acts_and_the_other_follows(api, kubelet, namespace, kafka, start_operator):
    first = start_operator("--leader-elect", port=8080).wait_ready()
    until("it leads", lambda: "kafka_proxy_operator_leader 1" in first.page("/metrics")[1], 30)
    second = start_operator("--leader-elect", port=8081).wait_ready()
    assert "kafka_proxy_operator_leader 0" in second.page("/metrics")[1]
    made = KafkaProxy(api, kubelet, namespace, kafka.bootstrap("PLAINTEXT")[:1])
    made.apply()
    made.wait("Programmed")
    first.child.kill()
    until("the second leads", lambda: "kafka_proxy_operator_leader 1" in second.page("/metrics")[1], 15 + 5 + 5)
    made.spec["limits"]["idleTimeout"] = "55s"
    made.apply()
    made.wait("Programmed")
