"""KafkaProxies whose pods the stand-in for a kubelet runs."""

import json

import kafka_proxy


class KafkaProxy(kafka_proxy.KafkaProxy):
    """With port offset routing and no TLS unless the spec says otherwise."""

    def __init__(self, api, kubelet, namespace, bootstrap, name="orders"):
        self.kubelet = kubelet
        spec = {
            "replicas": 2,
            "upstream": {"bootstrapServers": bootstrap, "securityProtocol": "PLAINTEXT"},
            "downstream": {"securityProtocol": "PLAINTEXT"},
            "routing": {"portOffset": {"base": 19092, "maxBrokerId": 9}},
            "limits": {"drainTimeout": "5s"},
        }
        super().__init__(api, namespace, name, spec)

    def pods(self):
        return self.kubelet.pods(self.namespace)

    def generations(self):
        return {pod.name: pod_page(pod)["generation"] for pod in self.pods()}


def pod_page(pod):
    return json.loads(pod.admin("/config")[1])
