"""docs/operator.md is true: its commands run, one after the other, on a cluster that has nothing of ours yet."""

import re
import shlex
from pathlib import Path

from waiting import until

ROOT = Path(__file__).resolve().parents[2]


def commands(page):
    """The lines for kubectl and helm; tests/docs runs the others."""
    for block in re.findall(r"^```sh\n(.*?)^```", (ROOT / page).read_text(), re.S | re.M):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words[0] in ("kubectl", "helm"):
                yield words


def test_the_commands_of_the_document_run_in_order(control_plane, api, kubelet, monkeypatch):
    def programmed():
        item = api.get("KafkaProxy", "orders", "shop")
        return item["spec"]["replicas"] == 3 and item.get("status", {}).get("programmed") == "3/3"

    monkeypatch.chdir(ROOT)
    ran = []
    for program, *arguments in commands("docs/operator.md"):
        if arguments[:1] == ["install"]:
            arguments += ["--set", "crds.install=false"]  # they are there, for all tests
        if "delete" in arguments:
            until("every pod runs it", programmed, 60)
        ran.append(getattr(control_plane, program)(*arguments))
    assert any("PROGRAMMED" in said for said in ran)
    assert any("portOffset" in said for said in ran)
    api.delete("Namespace", "shop")
    api.delete("Namespace", "kafkaproxy")
