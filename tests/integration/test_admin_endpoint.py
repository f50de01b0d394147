"""The admin endpoint of a running proxy, while clients are served."""

import json

import pytest

import kafka_wire
from proxy import Mode

MODE = Mode("sni", True, True)


@pytest.fixture
def proxy(stage):
    running = stage.proxy(MODE)
    with stage.clients(MODE).to_bootstrap() as sock:
        kafka_wire.metadata(sock, [])
    return running


def test_health_and_readiness(proxy):
    assert proxy.admin("/healthz")[0] == 200
    assert proxy.admin("/readyz")[0] == 200


def test_brokers_lists_both_addresses_of_each(proxy):
    wanted = [
        {
            "id": n,
            "upstream": f"broker-{n}.kafka.internal:9093",
            "downstream": f"b{n}.kafka.example.com:9092",
            "reachable": True,
        }
        for n in (1, 2, 3)
    ]
    assert json.loads(proxy.admin("/brokers")[2]) == wanted


def test_config_tells_which_file_is_in_force(proxy):
    page = json.loads(proxy.admin("/config")[2])
    assert page["generation"] == "1"
    assert page["hash"] and page["loaded_at"]
    assert not page["last_reload_error"]
    assert "kafka.example.com" in json.dumps(page["config"])


def test_metrics_count_what_the_client_did(proxy):
    status, headers, text = proxy.admin("/metrics")
    assert status == 200 and headers["content-type"].startswith("text/plain; version=0.0.4")
    families = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")]
    assert len(families) == len(set(families))
    assert proxy.metric("kafka_proxy_requests_total", api_key="Metadata", api_version="1") == 1
    assert proxy.metric("kafka_proxy_responses_rewritten_total", api_key="Metadata") == 1
    assert proxy.metric("kafka_proxy_responses_leaked_total") == 0
    assert proxy.metric("kafka_proxy_request_duration_seconds_count", api_key="Metadata") == 1
    assert proxy.metric("kafka_proxy_tls_handshakes_total", side="downstream") == 1
    assert proxy.metric("kafka_proxy_certificate_expiry_seconds") > 0


def test_only_reading_is_possible(proxy):
    assert proxy.admin("/config", "POST")[0] == 405
    assert proxy.admin("/nothing")[0] == 404
