{{- define "kp.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "kp.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "kp.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "kp.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- /* Names of what is not namespaced: two releases in one cluster must not meet. */}}
{{- define "kp.clustername" -}}
{{- printf "%s-%s" .Release.Namespace (include "kp.fullname" .) }}
{{- end }}

{{- define "kp.selector" -}}
app.kubernetes.io/name: {{ include "kp.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "kp.labels" -}}
{{ include "kp.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: operator
app.kubernetes.io/part-of: kafkaproxy
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "kp.serviceaccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "kp.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- /* A list of chart and image. */}}
{{- define "kp.image" -}}
{{- $chart := index . 0 }}{{- $image := index . 1 }}
{{- if $image.digest }}
{{- printf "%s@%s" $image.repository $image.digest }}
{{- else }}
{{- printf "%s:%s" $image.repository (default $chart.AppVersion $image.tag) }}
{{- end }}
{{- end }}

{{- /* What the operator does with what belongs to a KafkaProxy: in each namespace that it serves. */}}
{{- define "kp.rules" -}}
- apiGroups: [kafkaproxy.dev]
  resources: [kafkaproxies]
  verbs: [list, watch]
- apiGroups: [kafkaproxy.dev]
  resources: [kafkaproxies/status]
  verbs: [patch]
# To be the owner of what it makes, where the API server minds that (OwnerReferencesPermissionEnforcement, OpenShift).
- apiGroups: [kafkaproxy.dev]
  resources: [kafkaproxies/finalizers]
  verbs: [update]
# get: before a name is taken, to see that it isn't somebody else's.
- apiGroups: [""]
  resources: [configmaps, secrets]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [monitoring.coreos.com]
  resources: [servicemonitors]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch, patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
