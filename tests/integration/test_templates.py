"""The examples of deploy/examples that say how a client logs in, as they stand: a proxy for each, and real clients."""

from dataclasses import dataclass, replace

import pytest

import logins
from jvm import ROOT
from login import Login
from proxy import Mode

PASSWORD = logins.PASSWORDS["alice"]


@dataclass(frozen=True)
class Template:
    """An example, the listener of the brokers that it is for, and a client as its first lines describe it."""

    name: str
    listener: str
    client: Login
    one_port: bool

    def __str__(self):
        return self.name

    @property
    def file(self):
        return ROOT / "deploy" / "examples" / f"{self.name}.yaml"

    def ends_at(self, base):
        """(bootstrap.servers, all addresses that a client may be told of)"""
        if self.one_port:
            return f"bootstrap.kafka.example.com:{base}", tuple(f"b{n}.kafka.example.com:{base}" for n in (1, 2, 3))
        return f"kafka.example.com:{base}", tuple(f"kafka.example.com:{base + 20 + n}" for n in (1, 2, 3))


SCRAM_512 = Login("SASL_SSL", "SCRAM-SHA-512", "alice", PASSWORD)
TEMPLATES = [
    Template("plaintext-to-sasl-plain", "SASL_SSL", Login(), one_port=False),
    Template("scram-to-sasl-plain", "SASL_SSL", SCRAM_512, one_port=True),
    Template(
        "sasl-plain-to-sasl-plain", "SASL_SSL", Login("SASL_PLAINTEXT", "PLAIN", "app1", PASSWORD), one_port=False
    ),
    Template(
        "mtls-scram-to-sasl-plain",
        "SASL_SSL",
        replace(SCRAM_512, mechanism="SCRAM-SHA-256", cert="client1"),
        one_port=True,
    ),
    Template("tls-to-sasl-plain", "SASL_SSL", Login("SSL"), one_port=True),
    Template("mtls-to-sasl-plain", "SASL_SSL", Login("SSL", cert="client2"), one_port=True),
    Template("plaintext-to-plaintext", "PLAINTEXT", Login(), one_port=False),
]


@pytest.fixture(scope="module")
def outcomes(module_stage, cluster):
    """Only the variables that the files ask for are set."""
    only_svc = cluster.create_topic("templates-svc", only_for="User:svc")
    anybodys = cluster.create_topic("templates-anybody")
    cases = []
    with module_stage("templates") as stage:
        for number, template in enumerate(TEMPLATES):
            base, admin = 12000 + 100 * number, {"address": f"127.0.0.1:{9450 + number}"}
            environment = {
                "KAFKA": cluster.brokers[1].address(template.listener),
                "CERTS": str(cluster.certs.directory),
                "PORT": str(base),
                "ADMIN": admin["address"],
                "KAFKA_USER": "svc",
                "KAFKA_PASSWORD": cluster.users["svc"],
                "ALICE_PASSWORD": PASSWORD,
                "APP1_PASSWORD": PASSWORD,
            }
            mode = Mode("sni" if template.one_port else "port_offset", template.client.tls, False, base)
            flags = ["--config", template.file]
            stage.proxy(mode, str(template), wait=False, flags=flags, environment=environment, admin=admin)
            bootstrap, addresses = template.ends_at(base)
            topic = only_svc if template.listener == "SASL_SSL" else anybodys
            cases.append(
                logins.Case(str(template), template.client, mode, topic, bootstrap=bootstrap, addresses=addresses)
            )
        stage.wait_ready()
        yield logins.both(stage.clients(mode), cases)


@pytest.mark.parametrize("template", TEMPLATES, ids=str)
def test_java_client_gets_through(outcomes, template):
    assert outcomes[0][str(template)].ok, outcomes[0][str(template)].text


@pytest.mark.parametrize("template", TEMPLATES, ids=str)
def test_librdkafka_gets_through(outcomes, template):
    assert outcomes[1][str(template)].ok, outcomes[1][str(template)].text


def test_every_example_of_a_login_is_here():
    others = {"port-offset", "sni"}  # scripts/demo.sh runs these
    assert {path.stem for path in (ROOT / "deploy" / "examples").glob("*.yaml")} == {str(t) for t in TEMPLATES} | others
