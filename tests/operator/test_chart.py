"""The chart and the plain manifests: they say the same, a real API server takes them, and the rights are exactly those
that the operator uses."""

import subprocess
from pathlib import Path

import kubernetes
import pytest
import yaml
from waiting import until

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "kafkaproxy-operator"
EVERYTHING = [
    *("--set", "networkPolicy.enabled=true", "--set", "networkPolicy.from[0].namespaceSelector.matchLabels.a=b"),
    *("--set", "serviceAccount.annotations.a=b", "--set", "imagePullSecrets[0].name=pull"),
    *("--set", "podLabels.team=kafka", "--set", "podAnnotations.a=b", "--set", "extraArgs[0]=--verbose"),
    *("--set", "nodeSelector.disk=ssd", "--set", "tolerations[0].operator=Exists", "--set", "priorityClassName=high"),
]
MONITORING = ["--set", "metrics.serviceMonitor.enabled=true", "--set", "metrics.prometheusRule.enabled=true"]
SOME = ["--set", "watchNamespaces={shop,bank}"]
# What goes with its KafkaProxy only, and what may go before.
KEPT = ["get", "list", "watch", "create", "patch"]
OWN = [*KEPT, "delete"]
RIGHTS = {
    "kafkaproxies.kafkaproxy.dev": ["list", "watch"],
    "kafkaproxies.kafkaproxy.dev/status": ["patch"],
    "kafkaproxies.kafkaproxy.dev/finalizers": ["update"],
    "configmaps": KEPT,
    "secrets": KEPT,
    "services": OWN,
    "deployments.apps": KEPT,
    "poddisruptionbudgets.policy": OWN,
    "networkpolicies.networking.k8s.io": OWN,
    "servicemonitors.monitoring.coreos.com": OWN,
    "pods": ["list", "watch", "patch"],
    "events.events.k8s.io": ["create", "patch"],
}
VERBS = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]


def helm(*arguments):
    done = subprocess.run([kubernetes.binary("helm"), *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def template(*arguments):
    code, said = helm("template", "op", CHART, "--namespace", "kp", *arguments)
    assert code == 0, said
    return [item for item in yaml.safe_load_all(said) if item]


def kinds(items):
    return [item["kind"] for item in items]


def the(items, kind):
    (found,) = [item for item in items if item["kind"] == kind]
    return found


def rights(items, kind):
    """'resource.group' -> verbs, over all objects of this kind that are not for people."""
    made = {}
    for item in items:
        if item["kind"] != kind or item["metadata"]["name"].endswith(("-view", "-edit")):
            continue
        for rule in item["rules"]:
            for resource in rule["resources"]:
                base, _, sub = resource.partition("/")
                group = f".{rule['apiGroups'][0]}" if rule["apiGroups"][0] else ""
                made[base + group + (f"/{sub}" if sub else "")] = rule["verbs"]
    return made


@pytest.mark.parametrize("values", [[], EVERYTHING, MONITORING, SOME], ids=["defaults", "full", "monitoring", "some"])
def test_lint_is_clean(values):
    code, said = helm("lint", "--strict", CHART, *values)
    assert code == 0, said
    assert "[WARNING]" not in said and "[ERROR]" not in said


def test_manifests_are_up_to_date():
    done = subprocess.run(
        ["scripts/manifests.sh", "check"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin:/usr/sbin", "KP_HELM": str(kubernetes.binary("helm"))},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("replica=2", "replica"),
        ("replicas=many", "replicas"),
        ("leaderElection.enabled=false", "replicas"),
        ("watchNamespaces={Shop}", "watchNamespaces"),
        ("image.digest=latest", "digest"),
        ("image.pullPolicy=Sometimes", "pullPolicy"),
        ("test.bootstrapServers={kafka}", "bootstrapServers"),
    ],
)
def test_wrong_values_are_refused(value, word):
    code, said = helm("template", "op", CHART, "--set", value)
    assert code != 0
    assert word in said


def test_one_operator_needs_no_election():
    made = template("--set", "replicas=1", "--set", "leaderElection.enabled=false")
    deployment = the(made, "Deployment")["spec"]
    assert deployment["strategy"] == {"type": "Recreate"}
    assert "--leader-elect" not in deployment["template"]["spec"]["containers"][0]["args"]
    assert "PodDisruptionBudget" not in kinds(made)
    assert not [item for item in made if item["kind"] in ("Role", "Lease")]


def test_the_operator_is_told_what_it_needs():
    arguments = ["--set", "watchNamespaces={shop,bank}", "--set", "proxyImage.digest=sha256:" + "a" * 64]
    (container,) = the(template(*arguments), "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["args"] == [
        "run",
        "--namespace=shop",
        "--namespace=bank",
        "--leader-elect",
        "--image=kafkaproxy/kafkaproxy@sha256:" + "a" * 64,
        "--metrics-address=[::]:8080",
    ]
    assert [entry["name"] for entry in container["env"]] == ["POD_NAME", "POD_NAMESPACE"]


def test_rights_in_the_whole_cluster():
    made = template()
    assert rights(made, "ClusterRole") == RIGHTS
    assert rights(made, "Role") == {"leases.coordination.k8s.io": ["get", "create", "update"]}


def test_rights_in_some_namespaces():
    made = template("--set", "watchNamespaces={shop,bank}")
    assert rights(made, "ClusterRole") == {}
    roles = [item for item in made if item["kind"] == "Role"]
    assert [role["metadata"]["namespace"] for role in roles] == ["shop", "bank", "kp"]
    assert rights(roles[:1], "Role") == rights(roles[1:2], "Role") == RIGHTS


def test_notes_end_with_three_commands(installed):
    assert [line for line in installed.notes.splitlines() if line[:2] in ("1.", "2.", "3.")] != []
    assert installed.notes.count("   kubectl ") == 3


def test_the_example_of_the_notes_is_accepted(installed, control_plane, namespace):
    example = installed.notes.split("<<'END'\n")[1].split("   END")[0]
    control_plane.kubectl(
        "apply", "--dry-run=server", "-n", namespace, "-f", "-",
        given=example.replace("namespace: default", f"namespace: {namespace}"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "values", [[], EVERYTHING, ["--set", "watchNamespaces={default}"]], ids=["defaults", "full", "some"]
)
def test_the_api_server_takes_all_of_it_and_knows_every_field(values, control_plane, namespace):
    code, said = helm("template", "op", CHART, "--namespace", namespace, *values)
    assert code == 0, said
    control_plane.kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", given=said)


def test_the_plain_manifests_are_accepted(control_plane):
    path = ROOT / "deploy" / "operator.yaml"
    text = path.read_text()
    # A dry run makes no namespace, so what would be in it goes to one that is there.
    text = text.replace("namespace: kafkaproxy\n", "namespace: default\n")
    control_plane.kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", given=text)


def test_the_restricted_pod_security_standard_admits_the_operator(control_plane, namespace):
    label = "pod-security.kubernetes.io/enforce=restricted"
    control_plane.kubectl("label", "namespace", namespace, label)
    deployment = the(template(), "Deployment")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "operator", "namespace": namespace}}
    pod["spec"] = {**deployment["spec"]["template"]["spec"], "serviceAccountName": "default"}
    control_plane.kubectl("create", "--dry-run=server", "-f", "-", given=yaml.safe_dump(pod))


def may(api, who, verb, resource, namespace):
    """Asks the API server's authorizer. who: of SubjectAccessReviewSpec; resource: as in RIGHTS."""
    resource, _, sub = resource.partition("/")
    resource, _, group = resource.partition(".")
    what = {"verb": verb, "group": group, "resource": resource, "subresource": sub, "namespace": namespace}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
    review["spec"] = {**who, "resourceAttributes": what}
    return api.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)["status"]["allowed"]


class Release:
    """The chart in a namespace, without pods: what an install makes and allows."""

    def __init__(self, control_plane, namespace, *values):
        self.namespace = namespace
        self.account = f"system:serviceaccount:{namespace}:op-kafkaproxy-operator"
        self._control_plane = control_plane
        fixed = ["--namespace", namespace, "--set", "replicas=0", "--set", "crds.install=false"]
        self.notes = control_plane.helm("install", "op", CHART, *fixed, *values)

    def may(self, verb, resource, namespace):
        return may(self._control_plane.api, {"user": self.account}, verb, resource, namespace)

    def uninstall(self):
        self._control_plane.helm("uninstall", "op", "--namespace", self.namespace, "--wait")


@pytest.fixture
def installed(control_plane, namespace):
    release = Release(control_plane, namespace)
    yield release
    release.uninstall()


def test_what_the_account_may_in_the_whole_cluster(installed):
    def right():
        return installed.may("list", "secrets", "default")  # the authorizer learns of it within moments

    until("the role counts", right)
    for resource, verbs in RIGHTS.items():
        for verb in VERBS:
            assert installed.may(verb, resource, "default") == (verb in verbs), f"{verb} {resource}"
    assert installed.may("update", "leases.coordination.k8s.io", installed.namespace)
    assert not installed.may("update", "leases.coordination.k8s.io", "default")


def test_what_the_account_may_in_its_namespaces(control_plane, namespace):
    release = Release(control_plane, namespace, "--set", f"watchNamespaces={{{namespace}}}")
    try:
        until("the role counts", lambda: release.may("list", "secrets", namespace))
        for resource in RIGHTS:
            assert not [verb for verb in VERBS if release.may(verb, resource, "default")], resource
    finally:
        release.uninstall()


def test_people_who_may_edit_may_edit_kafka_proxies(installed, control_plane, namespace):
    control_plane.kubectl("create", "rolebinding", "ann", "--clusterrole=edit", "--user=ann", "-n", namespace)

    def ann_may(verb, resource):
        return may(control_plane.api, {"user": "ann"}, verb, resource, namespace)

    until("the aggregated role counts", lambda: ann_may("patch", "kafkaproxies.kafkaproxy.dev"))
    assert not ann_may("patch", "kafkaproxies.kafkaproxy.dev/status")


def test_uninstall_keeps_the_definition(control_plane, namespace):
    arguments = ["--namespace", namespace, "--set", "replicas=0", "--set", "rbac.create=false", "--take-ownership"]
    control_plane.helm("install", "op", CHART, *arguments)
    control_plane.helm("uninstall", "op", "--namespace", namespace, "--wait")
    definition = control_plane.api.get("CustomResourceDefinition", "kafkaproxies.kafkaproxy.dev")
    assert "deletionTimestamp" not in definition["metadata"]


def test_the_test_of_the_chart_is_a_kafka_proxy_and_a_reader(control_plane):
    made = template("--set", "test.bootstrapServers={kafka-0:9092}", "--show-only", "templates/tests/kafkaproxy.yaml")
    proxy, reader = the(made, "KafkaProxy"), the(made, "Pod")
    weights = [int(item["metadata"]["annotations"]["helm.sh/hook-weight"]) for item in (proxy, reader)]
    assert weights[0] < weights[1]
    assert {item["metadata"]["annotations"]["helm.sh/hook"] for item in made} == {"test"}
    selector = the(template(), "Deployment")["spec"]["selector"]["matchLabels"]
    assert not selector.items() <= reader["metadata"]["labels"].items()
    proxy["metadata"]["namespace"] = reader["metadata"]["namespace"] = "default"
    for item in made:
        control_plane.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", given=yaml.safe_dump(item))
