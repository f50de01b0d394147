"""A KafkaProxy of a test's: applied, changed, and waited for."""

import base64

from waiting import until

KIND = "KafkaProxy"
SECONDS = 60


def condition(item, kind):
    return next((c for c in item.get("status", {}).get("conditions", []) if c["type"] == kind), {})


class KafkaProxy:
    def __init__(self, api, namespace, name, spec):
        self.api, self.namespace, self.name, self.spec = api, namespace, name, spec

    def apply(self):
        meta = {"name": self.name, "namespace": self.namespace}
        return self.api.apply(
            {"apiVersion": "kafkaproxy.dev/v1alpha1", "kind": KIND, "metadata": meta, "spec": self.spec}
        )

    def secret(self, name, **data):
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        meta = {"name": name, "namespace": self.namespace}
        self.api.apply({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": encoded})

    def get(self):
        return self.api.get(KIND, self.name, self.namespace)

    def condition(self, kind):
        return condition(self.get(), kind)

    def wait(self, kind, status="True", reason=None, seconds=SECONDS):
        """Until the condition says so of the newest spec; the condition."""

        def so():
            item = self.get()
            found = condition(item, kind)
            fresh = found.get("observedGeneration") == item["metadata"]["generation"]
            return fresh and found["status"] == status and reason in (None, found["reason"]) and found

        try:
            return until(f"{kind}={status} {reason or ''}", so, seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}: {self.get().get('status')}") from late

    def made(self, kind):
        return {
            item["metadata"]["name"]
            for item in self.api.list(kind, self.namespace, "app.kubernetes.io/managed-by=kafkaproxy-operator")
        }

    def ports(self):
        """Of the Service: by name."""
        service = self.api.get("Service", self.name, self.namespace)
        return {port["name"]: port["port"] for port in service["spec"]["ports"]}
