"""The kubelet's stand-in does what the tests rely on, with a Deployment that no operator made."""

import http.client
import json
import subprocess

import pytest
from waiting import until


def test_every_pod_has_an_address_of_its_own(fleet):
    pods = fleet.pods(2)
    assert pods[0].address != pods[1].address
    assert {pod.admin("/healthz")[0] for pod in pods} == {200}


def test_a_deployment_becomes_available(fleet, api):
    fleet.pods(2)
    until("available", lambda: api.get("Deployment", "fleet", fleet.namespace)["status"].get("availableReplicas") == 2)


def test_a_changed_config_map_waits_for_a_nudge(fleet, api):
    (pod,) = fleet.pods(1)
    fleet.configure("2")
    assert pod.file("/etc/kafkaproxy/config.yaml").startswith(b"# generation: 1\n")
    api.patch("Pod", pod.name, fleet.namespace, {"metadata": {"annotations": {"nudge": "2"}}})
    until("generation 2 in force", lambda: fleet.generation(pod) == "2")
    assert pod.restarts == 0


def test_a_sync_needs_no_nudge(fleet, kubelet):
    (pod,) = fleet.pods(1)
    fleet.configure("3")
    kubelet.sync()
    until("generation 3 in force", lambda: fleet.generation(pod) == "3")


def test_config_map_and_secret_change_in_one_swap(fleet, api):
    (pod,) = fleet.pods(1)
    before = pod.refreshes
    fleet.configure("2")
    fleet.secret("another")
    api.patch("Pod", pod.name, fleet.namespace, {"metadata": {"annotations": {"nudge": "2"}}})
    until("the secret is there", lambda: pod.file("/etc/kafkaproxy/password") == b"another")
    assert pod.refreshes == before + 1


def test_a_deleted_pod_drains_and_another_comes(fleet, api):
    (pod,) = fleet.pods(1)
    api.delete("Pod", pod.name, fleet.namespace)
    until("the pod is gone", lambda: api.find("Pod", pod.name, fleet.namespace) is None)
    assert pod.child.process.returncode == 0, pod.log
    assert fleet.pods(1)[0].name != pod.name


def test_an_ended_program_is_started_again(fleet, api):
    (pod,) = fleet.pods(1)
    pod.child.kill()

    def status():
        return api.get("Pod", pod.name, fleet.namespace)["status"]["containerStatuses"][0]

    until("it is ready again", lambda: status()["ready"] and status()["restartCount"] == 1)


def test_a_pod_waits_for_its_secret(fleet, api):
    api.delete("Secret", "files", fleet.namespace)
    fleet.scale(1)
    (waiting,) = until("a pod", lambda: fleet.kubelet.pods(fleet.namespace))
    until("it says so", lambda: "Secret files" in json.dumps(api.get("Pod", waiting.name, fleet.namespace)["status"]))
    fleet.secret("late")
    fleet.pods(1)


def test_pods_reach_nothing_but_the_hub(fleet):
    (pod,) = fleet.pods(1)
    routes = subprocess.run(["ip", "-n", pod.network.name, "route"], capture_output=True, text=True, check=True)
    assert "default" not in routes.stdout


def test_a_pod_speaks_to_the_api_server_as_its_account(api, kubelet, namespace):
    container = {"name": "kubectl", "image": "kubectl:test", "args": ["auth", "whoami"]}
    meta = {"name": "asks", "namespace": namespace}
    api.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container]}})
    (pod,) = until("the pod", lambda: kubelet.pods(namespace))
    until("it is known by its account", lambda: f"system:serviceaccount:{namespace}:default" in pod.log)


def test_history_can_be_made_to_end(control_plane, api):
    """410 Gone, for what watches from an old resourceVersion."""
    old = api.request("GET", api.path("ConfigMap"))["metadata"]["resourceVersion"]
    for n in range(3):
        item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "moves", "namespace": "default"}}
        api.apply({**item, "data": {"n": str(n)}})
    control_plane.compact()
    control_plane.restart()

    def expired():
        try:
            kind, item = next(api.watch("ConfigMap", old))
        except (http.client.HTTPException, OSError):
            return False
        return kind == "ERROR" and item["code"] == 410

    until("410", expired)


CONFIG = """# generation: {generation}
upstream: {{bootstrap_servers: ["{bootstrap}"], security_protocol: PLAINTEXT}}
downstream: {{security_protocol: PLAINTEXT}}
broker_mapping: {{mode: port_offset, port_offset: {{hostname: kafka.example.com, base: 9500, max_broker_id: 9}}}}
limits: {{drain_timeout: 2s}}
"""


class Fleet:
    def __init__(self, api, kubelet, kafka, namespace):
        self.api = api
        self.kubelet = kubelet
        self.namespace = namespace
        self._bootstrap = kafka.bootstrap("PLAINTEXT")[0]

    def apply(self, version, kind, name, **content):
        self.api.apply(
            {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": self.namespace}, **content}
        )

    def configure(self, generation):
        text = CONFIG.format(generation=generation, bootstrap=self._bootstrap)
        self.apply("v1", "ConfigMap", "config", data={"config.yaml": text})

    def secret(self, password):
        self.apply("v1", "Secret", "files", stringData={"password": password})

    def scale(self, replicas):
        container = {
            "name": "kafkaproxy",
            "image": "kafkaproxy:test",
            "command": ["kafkaproxy", "run", "--config", "/etc/kafkaproxy/config.yaml"],
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": 9404}},
            "volumeMounts": [{"name": "files", "mountPath": "/etc/kafkaproxy"}],
        }
        sources = [{"configMap": {"name": "config"}}, {"secret": {"name": "files"}}]
        labels = {"app": "fleet"}
        pod = {"containers": [container], "volumes": [{"name": "files", "projected": {"sources": sources}}]}
        pod |= {"automountServiceAccountToken": False, "terminationGracePeriodSeconds": 10}
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}}
        spec["template"] = {"metadata": {"labels": labels}, "spec": pod}
        self.apply("apps/v1", "Deployment", "fleet", spec=spec)

    def pods(self, count):
        self.scale(count)
        return self.kubelet.wait_ready(self.namespace, count)

    @staticmethod
    def generation(pod):
        return json.loads(pod.admin("/config")[1])["generation"]


@pytest.fixture
def fleet(api, kubelet, kafka, namespace):
    made = Fleet(api, kubelet, kafka, namespace)
    made.configure("1")
    made.secret("first")
    return made
