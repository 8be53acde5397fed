{{- define "rollcall.image" -}}
{{ required "image.repository must be set" .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "rollcall.labels" -}}
app.kubernetes.io/name: rollcall
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{/* What pods of one service are found by; takes (dict "root" $ "service" name). */}}
{{- define "rollcall.selector" -}}
app.kubernetes.io/name: rollcall
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .service }}
{{- end -}}

{{/* Who runs it and what it may do: nobody, nothing. */}}
{{- define "rollcall.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "rollcall.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* How to reach Kafka, for a service or the topics job; .user says whose name and password where each has its own. */}}
{{- define "rollcall.kafkaEnvironment" -}}
{{- $own := get .root.Values.kafka.users .user | default dict }}
{{- $secret := $own.passwordSecret | default .root.Values.kafka.passwordSecret }}
{{- with .root -}}
- {name: ROLLCALL_KAFKA_BOOTSTRAP, value: {{ required "kafka.bootstrap must be set" .Values.kafka.bootstrap | quote }}}
- {name: ROLLCALL_KAFKA_SECURITY, value: {{ .Values.kafka.security | quote }}}
- {name: ROLLCALL_TOPIC_PREFIX, value: {{ .Values.kafka.topicPrefix | quote }}}
{{- if hasPrefix "SASL" .Values.kafka.security }}
- {name: ROLLCALL_KAFKA_SASL_MECHANISM, value: {{ .Values.kafka.saslMechanism | quote }}}
- {name: ROLLCALL_KAFKA_USERNAME, value: {{ $own.username | default .Values.kafka.username | quote }}}
- name: ROLLCALL_KAFKA_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ required "kafka.passwordSecret.name must be set with SASL" $secret.name }}
      key: {{ $secret.key | default "password" }}
{{- end }}
{{- if .Values.kafka.caSecret.name }}
- {name: ROLLCALL_KAFKA_CA_FILE, value: /etc/rollcall/kafka/{{ .Values.kafka.caSecret.key }}}
{{- end }}
{{- range $name, $value := .Values.kafka.settings }}
- {name: ROLLCALL_{{ upper $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}
{{- end -}}

{{/* Which service handles which topics, as shared/topics.py says; a test compares them. */}}
{{- define "rollcall.topics" -}}
intake: [imports.checks, imports.results, imports.emails]
validator: [imports.rows, imports.results, imports.lifecycle, directory.changes]
provisioner: [imports.approvals, imports.lifecycle]
notifier: [imports.results, imports.lifecycle]
{{- end -}}
