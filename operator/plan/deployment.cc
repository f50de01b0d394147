#include "plan/merge.h"
#include "plan/objects.h"

namespace kp::plan {
namespace {

constexpr int user = 65532;             // as distroless images have it
constexpr int readable_by_group = 288;  // 0440
/// Endpoints go, and load balancers hear of it, before the listeners close.
constexpr int pre_stop_seconds = 5;
/// The longest limits.drainTimeout, whatever it is now: a change of it rolls no pod. The process ends when it is done.
constexpr int grace_seconds =
    static_cast<int>(std::chrono::seconds(api::max_drain_timeout).count()) + pre_stop_seconds + 25;

/// The pod's only volume: ConfigMap and Secret in one, so that both change in one swap of a symlink.
Json config_volume(const std::string& proxy) {
  return {{"name", "config"},
          {"projected",
           {{"defaultMode", readable_by_group},
            {"sources", Json::array({{{"configMap", {{"name", config_name(proxy)}}}},
                                     {{"secret", {{"name", files_name(proxy)}}}}})}}}};
}

Json probe(const char* path, int period, int failures) {
  return {{"httpGet", {{"path", path}, {"port", "admin"}, {"scheme", "HTTP"}}},
          {"periodSeconds", period},
          {"timeoutSeconds", 3},
          {"failureThreshold", failures}};
}

Json container(const std::string& image) {
  return {
      {"name", container_name},
      {"image", image},
      {"imagePullPolicy", "IfNotPresent"},
      {"command", {"kafkaproxy", "run", "--config", "/etc/kafkaproxy/config.yaml"}},
      {"ports", Json::array({{{"name", "admin"}, {"containerPort", admin_port}, {"protocol", "TCP"}}})},
      {"volumeMounts", Json::array({{{"name", "config"}, {"mountPath", "/etc/kafkaproxy"}, {"readOnly", true}}})},
      // A cluster that can't be reached is no reason to restart: only readiness asks for it.
      {"startupProbe", probe("/healthz", 1, 60)},
      {"livenessProbe", probe("/healthz", 10, 3)},
      {"readinessProbe", probe("/readyz", 2, 2)},
      {"lifecycle", {{"preStop", {{"sleep", {{"seconds", pre_stop_seconds}}}}}}},
      {"resources", {{"requests", {{"cpu", "100m"}, {"memory", "64Mi"}}}, {"limits", {{"memory", "512Mi"}}}}},
      {"securityContext",
       {{"allowPrivilegeEscalation", false}, {"readOnlyRootFilesystem", true}, {"capabilities", {{"drop", {"ALL"}}}}}}};
}

Json pod_spec(const api::KafkaProxy& proxy, const std::string& image) {
  const Json selected{{"matchLabels", selector_labels(proxy.name.name)}};
  return {{"automountServiceAccountToken", false},
          {"enableServiceLinks", false},
          {"terminationGracePeriodSeconds", grace_seconds},
          {"securityContext",
           {{"runAsNonRoot", true},
            {"runAsUser", user},
            {"runAsGroup", user},
            {"fsGroup", user},
            {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
          {"topologySpreadConstraints", Json::array({{{"maxSkew", 1},
                                                      {"topologyKey", "kubernetes.io/hostname"},
                                                      {"whenUnsatisfiable", "ScheduleAnyway"},
                                                      {"labelSelector", selected}}})},
          {"containers", Json::array({container(image)})},
          {"volumes", Json::array({config_volume(proxy.name.name)})}};
}

/// What users write under podTemplate.spec.resources is meant for the one container that there is.
Json with_resources_in_container(Json theirs) {
  const auto spec = theirs.find("spec");
  if (spec == theirs.end() || !spec->is_object() || !spec->contains("resources")) return theirs;
  const Json resources = (*spec)["resources"];
  spec->erase("resources");
  Json ours{{"spec", {{"containers", Json::array({{{"name", container_name}, {"resources", resources}}})}}}};
  return merge_pod_template(std::move(ours), theirs);
}

}  // namespace

Json deployment(const api::KafkaProxy& proxy, const Options& options) {
  const auto labels = selector_labels(proxy.name.name);
  const std::string& image = proxy.spec.image.empty() ? options.image : proxy.spec.image;
  Json pods{{"metadata", {{"labels", labels}}}, {"spec", pod_spec(proxy, image)}};
  pods = merge_pod_template(std::move(pods), with_resources_in_container(proxy.spec.pod_template));
  pods["metadata"]["labels"].update(labels);  // or the selector finds no pod
  Json out = new_object(kube::deployment, proxy, proxy.name.name);
  out["spec"] = {{"replicas", proxy.spec.replicas},
                 {"revisionHistoryLimit", 3},
                 {"selector", {{"matchLabels", labels}}},
                 {"strategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxUnavailable", 0}, {"maxSurge", 1}}}}},
                 {"template", std::move(pods)}};
  return out;
}

}  // namespace kp::plan
