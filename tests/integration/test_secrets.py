"""No password that any test of this run used stands in what its proxies said or showed. Runs last, see conftest.py."""

import pytest

import logins
from conftest import RUN
from login import SECRETS, Login, secret, traces
from proxy import PAGES


@pytest.fixture
def left_behind(stage):
    """Path -> text of every log and kept page; with those of a proxy that says all it can say about logins."""
    good = logins.alice("SASL_SSL", "PLAIN")
    wrong = Login("SASL_SSL", "PLAIN", "alice", secret("wrong"))
    mode, admin = logins.place(client_tls=True)
    proxy = stage.proxy(
        mode,
        admin=admin,
        downstream=logins.downstream(good, stage.cluster.certs),
        upstream=logins.upstream("SASL_SSL", Login("SASL_SSL", "PLAIN"), stage.cluster),
        auth_swap=logins.swap(stage.cluster, ["alice=svc"]),
        logging={"level": "debug"},
    )
    topic = stage.cluster.create_topic("secrets")
    clients = stage.clients(mode)
    cases = [logins.Case("good", good, mode, topic), logins.Case("wrong", wrong, mode, topic, "refused")]
    logins.librdkafka(clients, cases)
    stage.end(proxy)
    files = [*RUN.rglob("proxy.log"), *(path for page in PAGES for path in RUN.rglob(f"page-{page}.txt"))]
    return {path: path.read_text(errors="replace") for path in files}


def test_no_password_stands_in_a_log_or_on_a_page(left_behind):
    # What must be there shows that the right things are looked at.
    here = {
        path.name: text for path, text in left_behind.items() if path.parent.parent.name.startswith("test_no_password")
    }
    assert "client logged in" in here["proxy.log"] and "user=alice" in here["proxy.log"]
    assert "client login refused" in here["proxy.log"]
    assert "kafka_proxy_auth_total" in here["page-metrics.txt"]
    assert "alice" in here["page-config.txt"] and "bootstrap_servers" in here["page-config.txt"]
    assert "kafka.example.com" in here["page-brokers.txt"]
    told = [
        f"{word} in {path}"
        for path, text in left_behind.items()
        for word in SECRETS
        if any(t in text for t in traces(word))
    ]
    assert told == []
