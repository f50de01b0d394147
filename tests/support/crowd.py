"""Many KafkaProxies of every shape, in several namespaces."""

import base64
import concurrent.futures

from kafka_proxy import KIND, condition

_UPSTREAM = {"bootstrapServers": ["broker-1.kafka.internal:9092"], "securityProtocol": "PLAINTEXT"}
_LOGIN = {
    "bootstrapServers": ["broker-1.kafka.internal:9095"],
    "securityProtocol": "SASL_PLAINTEXT",
    "saslMechanism": "SCRAM-SHA-512",
}


def plain(number):
    """A port per broker, no secrets."""
    return {
        "upstream": _UPSTREAM,
        "downstream": {"securityProtocol": "PLAINTEXT"},
        "routing": {"portOffset": {"base": 19092, "maxBrokerId": 9, "hostname": f"kafka-{number}.example.com"}},
    }


def swapped(number):
    """Logins are swapped: two Secrets, and a digest that is slow on purpose."""
    return {
        "upstream": _LOGIN,
        "downstream": {"securityProtocol": "SASL_PLAINTEXT", "saslMechanisms": ["PLAIN", "SCRAM-SHA-512"]},
        "routing": {"portOffset": {"base": 19092, "maxBrokerId": 9}},
        "authSwap": {
            "downstreamCredentialsSecretRef": {"name": "users"},
            "upstreamCredentialsSecretRef": {"name": "svc"},
            "mapping": {"alice": "svc", "bob": "svc"},
        },
    }


def self_signed(number):
    """One port, TLS with a certificate of the operator's."""
    return {
        "upstream": _UPSTREAM,
        "downstream": {"securityProtocol": "SSL", "tls": {"selfSigned": {}}},
        "routing": {"sni": {"port": 9092, "upstream": "^broker-([0-9]+)[.]", "downstream": f"b<$id>.k{number}.test"}},
    }


SHAPES = (plain, swapped, self_signed)


class Crowd:
    def __init__(self, api, namespaces, count, replicas=0):
        """replicas: 0, where nobody plays the kubelet, makes all but pods."""
        self._api = api
        self._namespaces = namespaces
        self._numbers = range(count)
        self._replicas = replicas

    def apply(self):
        for namespace in self._namespaces:
            for name, text in (("users", "alice=a-secret\nbob=another\n"), ("svc", "svc=a-third\n")):
                data = {"credentials": base64.b64encode(text.encode()).decode()}
                meta = {"name": name, "namespace": namespace}
                self._api.apply({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data})
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(self._apply, self._numbers))

    def _apply(self, number):
        meta = {"name": f"orders-{number}", "namespace": self._namespaces[number % len(self._namespaces)]}
        spec = {"replicas": self._replicas, **SHAPES[number % len(SHAPES)](number)}
        self._api.apply({"apiVersion": "kafkaproxy.dev/v1alpha1", "kind": KIND, "metadata": meta, "spec": spec})

    def behind(self):
        """Names of those whose status isn't of their newest spec, or that aren't in force."""
        found = [item for namespace in self._namespaces for item in self._api.list(KIND, namespace)]
        assert len(found) == len(self._numbers)
        return [item["metadata"]["name"] for item in found if not self._reconciled(item)]

    def _reconciled(self, item):
        said = {kind: condition(item, kind) for kind in ("Accepted", "ResolvedRefs", "Programmed")}
        fresh = all(c.get("observedGeneration") == item["metadata"]["generation"] for c in said.values())
        programmed = self._replicas > 0 or said["Programmed"].get("status") == "True"
        return fresh and programmed and said["Accepted"]["status"] == said["ResolvedRefs"]["status"] == "True"
