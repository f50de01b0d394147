"""Secrets that are none of the operator's business, and large: it doesn't keep them, and gets what it comes to need."""

import base64

import pytest
from waiting import until

COUNT = 12  # of 1 MB: more than the client takes in one page


def encoded(text):
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def large_secrets(api, namespace):
    for number in range(COUNT):
        meta = {"name": f"large-{number}", "namespace": namespace}
        data = {"credentials": encoded("alice=first\n"), "ballast": encoded("x" * 1_000_000)}
        api.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data})


def apply(api, namespace, secret):
    spec = {
        "replicas": 0,
        "upstream": {"bootstrapServers": ["kafka:9092"], "securityProtocol": "PLAINTEXT"},
        "downstream": {"securityProtocol": "SASL_PLAINTEXT", "saslMechanisms": ["PLAIN"]},
        "authSwap": {"downstreamCredentialsSecretRef": {"name": secret}},
        "routing": {"portOffset": {"base": 19092, "maxBrokerId": 9}},
    }
    meta = {"name": "orders", "namespace": namespace}
    api.apply({"apiVersion": "kafkaproxy.dev/v1alpha1", "kind": "KafkaProxy", "metadata": meta, "spec": spec})


def mounted_credentials(api, namespace):
    """What pods are given, decoded; None: nothing yet."""
    made = api.find("Secret", "orders-files", namespace)
    value = (made or {}).get("data", {}).get("downstream-credentials")
    return value and base64.b64decode(value).decode()


def test_the_content_of_a_secret_is_there_once_a_proxy_refers_to_it_and_follows_it(
    api, namespace, large_secrets, start_operator
):
    start_operator().wait_ready()
    apply(api, namespace, "large-3")
    until("the credentials are there", lambda: mounted_credentials(api, namespace) == "alice=first\n", 30)
    api.patch("Secret", "large-5", namespace, {"data": {"credentials": encoded("alice=second\n")}})
    apply(api, namespace, "large-5")
    until("those of the other", lambda: mounted_credentials(api, namespace) == "alice=second\n", 30)
    api.patch("Secret", "large-5", namespace, {"data": {"credentials": encoded("alice=third\n")}})
    until("they follow", lambda: mounted_credentials(api, namespace) == "alice=third\n", 30)


def test_an_operator_that_starts_later_has_what_proxies_refer_to(api, namespace, large_secrets, start_operator):
    apply(api, namespace, "large-7")
    operator = start_operator().wait_ready()
    until("the credentials are there", lambda: mounted_credentials(api, namespace) == "alice=first\n", 30)
    lines = operator.page("/metrics")[1].splitlines()
    requests = [line for line in lines if "api_requests_total" in line and 'verb="get",code="200"' in line]
    assert not requests  # it came with the list; what is looked for before it is made isn't there
