{{- define "doctor.labels" -}}
app.kubernetes.io/name: cobrowse-doctor
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of everything that the chart makes. */}}
{{- define "doctor.metadata" -}}
{{ include "doctor.labels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* What all pods have in common. */}}
{{- define "doctor.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
volumes:
  - name: tmp
    emptyDir: {}
  - name: spool
    emptyDir: {}
{{- end }}

{{/* What all containers have in common. Not a ConfigMap: the migration job runs before one could exist. */}}
{{- define "doctor.container" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
envFrom:
  - secretRef: {name: {{ .Values.secretName | quote }}}
env:
  - {name: ALLOWED_HOSTS, value: {{ .Values.host | quote }}}
  - {name: PUBLIC_URL, value: {{ printf "https://%s" .Values.host | quote }}}
  - {name: COBROWSE_DOCTOR_READY_FILE, value: /tmp/ready}
{{- range $name, $value := .Values.environment }}
  - {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
  - {name: spool, mountPath: /var/lib/cobrowse-doctor/spool}
{{- end }}

{{/* Prefers different nodes for the pods of one part. */}}
{{- define "doctor.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "doctor.labels" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
{{- end }}
