"""What the API server was asked to write, by whom and when: its audit log, as a witness.

Give `flags(...)` to ControlPlane. Leases and Events are left out, and reading."""

import datetime
import json
from pathlib import Path

_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "verbs": ["get", "list", "watch"]},
        {"level": "None", "resources": [{"group": "events.k8s.io"}, {"group": "coordination.k8s.io"}]},
        {"level": "Metadata", "resources": [{"group": group} for group in ("", "apps", "policy", "kafkaproxy.dev")]},
    ],
}


def flags(policy, log):
    """For kube-apiserver; writes the file `policy`."""
    Path(policy).parent.mkdir(parents=True, exist_ok=True)
    Path(policy).write_text(json.dumps(_POLICY))
    return f"--audit-policy-file={policy} --audit-log-path={log} --audit-log-mode=blocking"


def _time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Write:
    def __init__(self, entry):
        self.user = entry["user"]["username"]
        self.id = entry["auditID"]
        self.verb = entry["verb"]
        self.asked = _time(entry["requestReceivedTimestamp"])
        self.code = entry.get("responseStatus", {}).get("code")
        target = entry["objectRef"]
        self.kind = target["resource"] + ("/" + target["subresource"] if "subresource" in target else "")
        self.namespace, self.name = target.get("namespace"), target.get("name")

    def __eq__(self, other):
        return self.id == other.id

    def __repr__(self):
        return f"{self.user} {self.verb} {self.kind} {self.namespace}/{self.name} -> {self.code} at {self.asked:.3f}"


class Audit:
    def __init__(self, log):
        self._log = Path(log)

    def writes(self, user, since=0.0):
        """Asked for by this user after that moment (time.time()), in order; also those that were refused."""
        found = []
        for line in self._log.read_text().splitlines():
            if user in line and line.endswith("}"):  # the last line may be half written
                write = Write(json.loads(line))
                if write.user == user and write.asked >= since:
                    found.append(write)
        return found
