"""The operator's rights are those that it uses, by the API server's audit log of all that the tests made it ask."""

import json

import yaml
from conftest import AUDIT_LOG, OPERATOR_NAMESPACE, RELEASE
from fleet import SECONDS
from waiting import until

# Why a right may be there that no request shows.
UNSEEN = {
    "kafkaproxies/finalizers": {"update"},  # asked for by the API server when an object with an owner is made
    "leases": {"create"},  # the release has it, unless somebody deletes it
    "events": {"patch"},  # only of one that comes again
    "servicemonitors": {"get", "watch", "create", "patch", "delete"},  # this cluster has none
}


def resource_of(name, subresource=None):
    return f"{name}/{subresource}" if subresource else name


def requests():
    return [json.loads(line) for line in AUDIT_LOG.read_text().splitlines()]


def used():
    """resource -> verbs of what was asked and granted."""
    made = {}
    for event in requests():
        what, code = event.get("objectRef", {}), event["responseStatus"]["code"]
        verbs = made.setdefault(resource_of(what.get("resource"), what.get("subresource")), set())
        verbs.add(event["verb"])
        if event["verb"] == "patch" and code == 201:  # an apply that made it needs both
            verbs.add("create")
    return made


def granted(cluster):
    """The same, of what the release's roles for the operator say."""
    made = {}
    manifest = cluster.helm("get", "manifest", RELEASE, "--namespace", OPERATOR_NAMESPACE)
    for item in filter(None, yaml.safe_load_all(manifest)):
        if item["kind"] in ("Role", "ClusterRole") and not item["metadata"]["name"].endswith(("-view", "-edit")):
            for rule in item["rules"]:
                for resource in rule["resources"]:
                    made.setdefault(resource, set()).update(rule["verbs"])
    return made


def test_the_operator_uses_all_its_rights_and_is_refused_nothing(cluster, fleets):
    # Given what the other tests have not asked for
    fleet = fleets["portOffset"]
    fleet.change(networkPolicy={}, serviceMonitor={}, limits={"drainTimeout": "5s", "maxConnections": 4000})
    assert fleet.made("NetworkPolicy") == {fleet.name}
    del fleet.spec["networkPolicy"], fleet.spec["serviceMonitor"]
    fleet.change(replicas=1)
    # When all is gone that is not wanted any more
    other = {fleets["sni"].name}
    left = {"Service": {fleet.name} | other, "PodDisruptionBudget": other, "NetworkPolicy": set()}
    until("nothing is left over", lambda: {kind: fleet.made(kind) for kind in left} == left, SECONDS)
    # Then
    assert [event for event in requests() if event["responseStatus"]["code"] in (401, 403)] == []
    asked, allowed = used(), granted(cluster)
    idle = {resource: verbs - asked.get(resource, set()) for resource, verbs in allowed.items()}
    assert {resource: verbs for resource, verbs in idle.items() if verbs - UNSEEN.get(resource, set())} == {}
