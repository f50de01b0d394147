"""The definition of KafkaProxy in a real API server: what it accepts, what it refuses and in which words."""

import copy
import json

import kubernetes
import pytest
from kubelet import now

EXAMPLES = sorted((kubernetes.ROOT / "deploy" / "examples" / "kubernetes").glob("*.yaml"))
SNI = {"port": 9092, "upstream": "^(.*)$", "downstream": "b<$id>.kafka.example.com"}
GOOD = {
    "upstream": {"bootstrapServers": ["kafka-0.kafka:9092"], "securityProtocol": "PLAINTEXT"},
    "downstream": {"securityProtocol": "PLAINTEXT"},
    "routing": {"portOffset": {"base": 9500}},
}
TLS = {"securityProtocol": "SSL", "tls": {"selfSigned": {}}}
GOOD_SNI = {**GOOD, "downstream": TLS, "routing": {"sni": SNI}}
GOOD_SWAP = {
    "upstream": {
        "bootstrapServers": ["kafka-0.kafka:9093"],
        "securityProtocol": "SASL_SSL",
        "saslMechanism": "SCRAM-SHA-512",
        "tls": {"caSecretRef": {"name": "kafka-ca"}, "clientCertSecretRef": {"name": "proxy"}},
    },
    "downstream": {
        "securityProtocol": "SASL_SSL",
        "saslMechanisms": ["PLAIN", "SCRAM-SHA-512"],
        "saslSessionLifetime": "1h",
        "tls": {"certSecretRef": {"name": "cert"}, "clientCaSecretRef": {"name": "clients"}, "mtls": True},
    },
    "routing": {"sni": {**SNI, "advertisedPort": 443}},
    "authSwap": {
        "downstreamCredentialsSecretRef": {"name": "users"},
        "upstreamCredentialsSecretRef": {"name": "svc"},
        "mapping": {"alice": "svc", "*": "$self"},
    },
    "httpProduce": {
        "port": 8080,
        "tls": {"certSecretRef": {"name": "http"}, "mtls": True, "clientCaSecretRef": {"name": "clients"}},
        "authentication": ["basic", "bearer"],
        "bearerTokensSecretRef": {"name": "tokens"},
        "corsOrigins": ["https://shop.example.com"],
        "maxBodyBytes": 1048576,
        "requestTimeout": "10s",
        "kafka": {"compression": "zstd", "acks": "all", "lingerMs": 5, "recordTimeout": "30s"},
        "rateLimits": [{"topic": "orders", "recordsPerMinute": 600}],
    },
    "resolve": [{"host": "*.internal", "ipv4": "10.0.0.7"}],
    "limits": {"maxConnections": 100, "drainTimeout": "10s"},
    "logging": {"level": "debug"},
    "service": {"type": "LoadBalancer", "annotations": {"a": "b"}, "loadBalancerClass": "example.com/lb"},
    "podTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": {"nodeSelector": {"disk": "ssd"}}},
    "networkPolicy": {},
    "serviceMonitor": {"interval": "30s"},
}

MAPPING = {
    "virtualPartitions": 100,
    "physicalPartitions": 10,
    "resumeAtLogStart": False,
    "tailCacheBytes": 64 << 20,
    "topics": [
        {"name": "orders", "virtualPartitions": 200, "physicalPartitions": 20},
        {"name": "iot\\..*", "filler": "none"},
        {"name": "accounts", "compacted": "keyed"},
        {"name": "a" * 249},
    ],
}
GOOD_VIRTUAL = {**GOOD, "partitionMapping": MAPPING}


def changed(spec, path, value):
    """A copy with the value at this dotted path; None removes it."""
    made = copy.deepcopy(spec)
    *parents, last = path.split(".")
    at = made
    for name in parents:
        at = at.setdefault(name, {})
    if value is None:
        del at[last]
    else:
        at[last] = value
    return made


# id: (spec that is good but for this, path, value, words of the refusal)
REFUSED = {
    "two routing modes": (GOOD_SNI, "routing.portOffset", {"base": 9500}, "write exactly one of sni and portOffset"),
    "no routing mode": (GOOD, "routing", {}, "write exactly one of sni and portOffset"),
    "sni without tls": (GOOD, "routing", {"sni": SNI}, "needs TLS on the clients' side"),
    "ports beyond the last": (
        GOOD, "routing.portOffset", {"base": 65000, "maxBrokerId": 600}, "the last broker's port, must not be beyond 65535"),
    "ports over the admin port": (GOOD, "routing.portOffset", {"base": 9400}, "holds 9404"),
    "sni on the admin port": (GOOD_SNI, "routing.sni.port", 9404, "9404 is the pods' port"),
    "one name for all brokers": (
        GOOD_SNI, "routing.sni.downstream", "kafka.example.com", "every broker the same name"),
    "a port in the name": (GOOD_SNI, "routing.sni.downstream", "b<$id>.example.com:443", "must be a host name only"),
    "no regular expression": (GOOD_SNI, "routing.sni.upstream", "(", "must be a regular expression"),
    "swap without any login": (
        GOOD, "authSwap", {"mapping": {"a": "b"}}, "neither upstream nor downstream has a login"),
    "swap without upstream login": (
        GOOD_SWAP, "authSwap.upstreamCredentialsSecretRef", None, "makes the proxy log in to the brokers"),
    "swap without upstream mechanism": (
        GOOD_SWAP, "upstream.saslMechanism", None, "makes the proxy log in to the brokers"),
    "swap without clients' logins": (
        GOOD_SWAP, "authSwap.downstreamCredentialsSecretRef", None, "makes the proxy take the clients' logins"),
    "mechanism without login": (GOOD, "upstream.saslMechanism", "PLAIN", "needs a login"),
    "mechanisms without login": (GOOD, "downstream.saslMechanisms", ["PLAIN"], "needs a login"),
    "upstream tls without tls": (GOOD, "upstream.tls", {"caSecretRef": {"name": "ca"}}, "needs TLS: write"),
    "downstream tls without tls": (GOOD, "downstream.tls", {"selfSigned": {}}, "needs TLS: write"),
    "no certificate": (GOOD, "downstream", {"securityProtocol": "SSL"}, "TLS needs a certificate"),
    "two certificates": (
        GOOD_SNI, "downstream.tls", {"selfSigned": {}, "certSecretRef": {"name": "c"}}, "TLS needs a certificate"),
    "ca and any certificate": (
        GOOD_SWAP, "upstream.tls.trustServerCerts", True, "caSecretRef has no meaning beside it"),
    "mtls without ca": (GOOD_SNI, "downstream.tls.mtls", True, "mtls needs clientCaSecretRef"),
    "ca without mtls": (GOOD_SWAP, "downstream.tls.mtls", False, "need mtls true"),
    "a broker twice": (
        GOOD, "upstream.bootstrapServers", ["a:9092", "a:9092"], "names a broker twice"),
    "a broker without port": (GOOD, "upstream.bootstrapServers", ["kafka-0"], "should match"),
    "no broker": (GOOD, "upstream.bootstrapServers", [], "at least 1 items"),
    "no address": (GOOD, "resolve", [{"host": "a"}], "has no address"),
    "a long drain": (GOOD, "limits", {"drainTimeout": "11m"}, "must be at most 10m"),
    "load balancer class of another type": (
        GOOD, "service", {"loadBalancerClass": "a"}, "need type LoadBalancer"),
    "traffic policy of a ClusterIP": (
        GOOD, "service", {"externalTrafficPolicy": "Local"}, "needs type LoadBalancer or NodePort"),
    "http on the admin port": (GOOD, "httpProduce", {"port": 9404}, "spec.httpProduce.port: Invalid value"),
    "http without tokens": (GOOD, "httpProduce", {"authentication": ["bearer"]}, "stands with bearer in"),
    "http with nobody's passwords": (
        GOOD, "httpProduce", {"authentication": ["basic"]}, "basic needs authSwap.downstreamCredentialsSecretRef"),
    "http without a certificate": (GOOD, "httpProduce", {"tls": {}}, "no certificate that HTTP could show"),
    "http mtls without ca": (
        GOOD_SWAP, "httpProduce.tls.clientCaSecretRef", None, "mtls and clientCaSecretRef, who may sign"),
    "http client auth without mtls": (
        GOOD_SNI, "httpProduce", {"tls": {"clientAuth": "optional"}}, "clientAuth needs mtls true"),
    "http without a login to the brokers": (
        GOOD_SWAP, "authSwap", None, "as whom records go to brokers that want a login"),
    "http past virtual partitions": (GOOD_VIRTUAL, "httpProduce", {}, "would write to upstream past partitionMapping"),
    "virtual partitions that aren't a multiple": (
        GOOD_VIRTUAL, "partitionMapping.virtualPartitions", 105, "is no multiple of physicalPartitions"),
    "too many virtual partitions": (
        GOOD_VIRTUAL, "partitionMapping.virtualPartitions", 327690, "must be at most 32768 for each"),
    "a topic's that aren't a multiple": (
        GOOD_VIRTUAL, "partitionMapping.topics", [{"name": "good"}, {"name": "odd", "physicalPartitions": 7}],
        "of each topic virtualPartitions, its own or the one above"),
    "too many of a topic": (
        GOOD_VIRTUAL, "partitionMapping.topics", [{"name": "many", "virtualPartitions": 327690}],
        "of each topic there may be at most 32768"),
    "no virtual partitions": (
        GOOD_VIRTUAL, "partitionMapping.virtualPartitions", None, "partitionMapping.virtualPartitions: Required value"),
    "no physical partition": (
        GOOD_VIRTUAL, "partitionMapping.physicalPartitions", 0, "partitionMapping.physicalPartitions: Invalid value: 0"),
    "no virtual topic": (GOOD_VIRTUAL, "partitionMapping.topics", [], "should have at least 1 items"),
    "a virtual topic twice": (
        GOOD_VIRTUAL, "partitionMapping.topics", [{"name": "one"}, {"name": "one"}], "Duplicate value"),
    "no topic's name": (GOOD_VIRTUAL, "partitionMapping.topics", [{"name": "a topic"}], "is no topic's name"),
    "a longer name than topics have": (
        GOOD_VIRTUAL, "partitionMapping.topics", [{"name": "a" * 250}], "partitionMapping.topics[0].name: Invalid value"),
    "no pattern": (
        GOOD_VIRTUAL, "partitionMapping.topics", [{"name": "iot[.*"}], "so it must be a regular expression (RE2)"),
    "compaction by anything": (
        GOOD_VIRTUAL, "partitionMapping.topics", [{"name": "one", "compacted": "yes"}], 'supported values: "keyed"'),
    "another filler": (
        GOOD_VIRTUAL, "partitionMapping.topics", [{"name": "one", "filler": "some"}], 'values: "control", "none"'),
    "unknown protocol": (GOOD, "upstream.securityProtocol", "TLS", "Unsupported value"),
    "negative replicas": (GOOD, "replicas", -1, "greater than or equal to 0"),
    "no upstream": (GOOD, "upstream", None, "spec.upstream: Required value"),
}  # fmt: skip


def proxy(name, namespace, spec):
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "kafkaproxy.dev/v1alpha1", "kind": "KafkaProxy", "metadata": meta, "spec": spec}


@pytest.mark.parametrize("spec", [GOOD, GOOD_SNI, GOOD_SWAP, GOOD_VIRTUAL], ids=["port offset", "sni", "all of it", "virtual"])
def test_a_good_one_is_accepted(spec, api, namespace):
    api.create(proxy("orders", namespace, spec))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_accepted(example, control_plane, namespace):
    text = example.read_text().replace("namespace: shop", f"namespace: {namespace}")
    control_plane.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", given=text)


@pytest.mark.parametrize("case", list(REFUSED))
def test_a_wrong_one_is_refused_with_a_reason(case, api):
    spec, path, value, words = REFUSED[case]
    item = proxy("orders", "default", changed(spec, path, value))
    with pytest.raises(kubernetes.ApiError) as refused:
        api.request("POST", api.path("KafkaProxy", None, "default", dryRun="All"), item)
    assert refused.value.status == 422
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [("0rders", "the name becomes a Service's"), ("or.ders", "the name becomes a Service's"), ("o" * 64, "63")],
)
def test_a_name_that_no_service_can_have_is_refused(name, words, api):
    with pytest.raises(kubernetes.ApiError, match=words):
        api.create(proxy(name, "default", GOOD))


def test_every_rule_has_a_case():
    definition = kubernetes.ROOT / "crds" / "kafkaproxies.kafkaproxy.dev.yaml"
    rules = definition.read_text().count("rule:")
    said = {words for _, _, _, words in REFUSED.values()}
    assert rules <= len(said) + 1, "one is of metadata.name"


def test_an_unknown_field_is_refused(control_plane, namespace):
    item = proxy("orders", namespace, {**GOOD, "replica": 3})
    code, said = control_plane.kubectl("create", "-f", "-", given=json.dumps(item), check=False)
    assert code != 0 and 'unknown field "spec.replica"' in said


def test_defaults(api, namespace):
    spec = api.create(proxy("orders", namespace, {**GOOD, "httpProduce": {}}))["spec"]
    assert spec["replicas"] == 2
    assert spec["service"]["type"] == "ClusterIP"
    assert spec["routing"]["portOffset"]["maxBrokerId"] == 100
    assert spec["httpProduce"] == {"port": 4242}
    counts = {"virtualPartitions": 4, "physicalPartitions": 2}
    virtual = api.create(proxy("virtual", namespace, {**GOOD, "partitionMapping": {**counts, "topics": [{"name": "t"}]}}))
    topics = [{"name": "t", "filler": "control"}]
    assert virtual["spec"]["partitionMapping"] == {**counts, "resumeAtLogStart": True, "tailCacheBytes": 0, "topics": topics}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("kp.spec.routing", ["sni", "portOffset", "Exactly one of the two"]),
        ("kp.spec.routing.sni.downstream", ["b<$id>.kafka.example.com"]),
        ("kp.spec.authSwap.mapping", ["Who has no entry is refused"]),
        ("kp.spec.httpProduce", ["POST /push", "as whom authSwap says"]),
        ("kp.spec.httpProduce.authentication", ["is $anonymous"]),
        ("kp.spec.partitionMapping", ["v mod physicalPartitions", "virtualPartitions may grow"]),
        ("kp.spec.partitionMapping.topics.compacted", ["each key always goes to one virtual partition"]),
        ("kp.status.conditions", ["Programmed: every pod says"]),
    ],
)
def test_explain_teaches(path, words, control_plane):
    said = " ".join(control_plane.kubectl("explain", path).split())
    assert not [word for word in words if word not in said], said


def descriptions(schema, path=""):
    """Paths of properties that say nothing about themselves."""
    for name, child in schema.get("properties", {}).items():
        if not path and name in ("apiVersion", "kind", "metadata"):
            continue
        yield f"{path}.{name}", "description" in child
        yield from descriptions(child, f"{path}.{name}")
    if isinstance(schema.get("items"), dict):
        yield from descriptions(schema["items"], path + "[]")


def test_objects_and_their_children_explain_themselves(api):
    definition = api.get("CustomResourceDefinition", "kafkaproxies.kafkaproxy.dev")
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    silent = [path for path, speaks in descriptions(schema["properties"]["spec"], ".spec") if not speaks]
    # Names that say it all, and fields of a Service as Kubernetes has them.
    plain = ("ipv4", "ipv6", "name", "level", "type", "annotations", "labels")
    assert not [path for path in silent if path.split(".")[-1] not in plain and not path.startswith(".spec.service.")]


def test_get_shows_the_columns(control_plane, api, namespace):
    api.create(proxy("orders", namespace, GOOD))
    status = {
        "mode": "portOffset",
        "programmed": "3/3",
        "bootstrapServers": "orders.shop:9500",
        "conditions": [{"type": "Ready", "status": "True", "reason": "R", "message": "", "lastTransitionTime": now()}],
    }
    api.patch("KafkaProxy", "orders", namespace, {"status": status}, "status")
    head, row = control_plane.kubectl("get", "kp", "-n", namespace).splitlines()
    assert head.split() == ["NAME", "MODE", "REPLICAS", "PROGRAMMED", "READY", "BOOTSTRAP", "AGE"]
    assert row.split()[:6] == ["orders", "portOffset", "2", "3/3", "True", "orders.shop:9500"]


def test_scale_changes_the_replicas(control_plane, api, namespace):
    api.create(proxy("orders", namespace, GOOD))
    control_plane.kubectl("scale", "kp/orders", "-n", namespace, "--replicas=5")
    assert api.get("KafkaProxy", "orders", namespace)["spec"]["replicas"] == 5


def test_scale_tells_what_an_autoscaler_needs(api, namespace):
    api.create(proxy("orders", namespace, GOOD))
    status = {"replicas": 3, "selector": "app.kubernetes.io/instance=orders"}
    api.patch("KafkaProxy", "orders", namespace, {"status": status}, "status")
    scale = api.request("GET", api.path("KafkaProxy", "orders", namespace, "scale"))
    assert scale["spec"] == {"replicas": 2}
    assert scale["status"] == status


def test_status_is_not_written_with_the_spec(api, namespace):
    api.create(proxy("orders", namespace, GOOD))
    changes = {"status": {"programmed": "9/9"}, "spec": {"replicas": 4}}
    made = api.patch("KafkaProxy", "orders", namespace, changes)
    assert made["spec"]["replicas"] == 4
    assert "programmed" not in made.get("status", {})


def test_generation_moves_with_the_spec_only(api, namespace):
    made = api.create(proxy("orders", namespace, GOOD))
    api.patch("KafkaProxy", "orders", namespace, {"status": {"programmed": "1/1"}}, "status")
    assert api.get("KafkaProxy", "orders", namespace)["metadata"]["generation"] == made["metadata"]["generation"]


def test_it_is_listed_under_its_category(control_plane, api, namespace):
    api.create(proxy("orders", namespace, GOOD))
    listed = control_plane.kubectl("get", "all", "-n", namespace)
    assert "kafkaproxy.kafkaproxy.dev/orders" in listed
