"""The stage itself, without an operator: pods on the node reach the brokers, clients outside reach pods by a Service."""

import json
import subprocess

from conftest import PROXY_IMAGE, TAG
from waiting import until

BASE = 9500


def apply(cluster, namespace, version, kind, name, **content):
    meta = {"name": name, "namespace": namespace}
    return cluster.api.apply({"apiVersion": version, "kind": kind, "metadata": meta, **content})


def test_a_client_outside_reaches_every_broker_through_a_pod(cluster, kafka, resolve, namespace):
    ports = [BASE, *(BASE + 20 + n for n in sorted(kafka.brokers))]
    service = {"selector": {"app": "proxy"}, "ports": [{"name": f"p{port}", "port": port} for port in ports]}
    address = apply(cluster, namespace, "v1", "Service", "proxy", spec=service)["spec"]["clusterIP"]
    config = {
        "upstream": {"bootstrap_servers": kafka.bootstrap("PLAINTEXT"), "security_protocol": "PLAINTEXT"},
        "downstream": {"security_protocol": "PLAINTEXT"},
        "broker_mapping": {
            "mode": "port_offset",
            "port_offset": {"hostname": address, "base": BASE, "max_broker_id": 9},
        },
        "resolve": resolve,
    }
    apply(cluster, namespace, "v1", "ConfigMap", "config", data={"config.yaml": json.dumps(config)})
    container = {
        "name": "kafkaproxy",
        "image": f"{PROXY_IMAGE}:{TAG}",
        "args": ["run", "--config", "/etc/kafkaproxy/config.yaml"],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 9404}, "periodSeconds": 1},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/kafkaproxy"}],
    }
    pod = {"containers": [container], "volumes": [{"name": "config", "configMap": {"name": "config"}}]}
    labels = {"app": "proxy"}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    apply(cluster, namespace, "apps/v1", "Deployment", "proxy", spec=spec)
    cluster.kubectl("rollout", "status", "deployment/proxy", "-n", namespace, "--timeout=60s")

    def listed():
        argv = cluster.inside(["kcat", "-b", f"{address}:{BASE}", "-L", "-J", "-m", "5"])
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30)
        return json.loads(done.stdout)["brokers"] if done.returncode == 0 else None

    # Right after a rollout a Service's address may be refused for a moment.
    brokers = until("kcat lists the brokers", listed)
    assert sorted(broker["name"] for broker in brokers) == [f"{address}:{port}" for port in ports[1:]]
