"""Metric names, all in one place; docs/operations.md says what they tell. Labels are few and known: never personal data,
never ids. What stands in a gauge without knowing is NaN, which no alert takes for a number."""

from math import nan

from prometheus_client import Counter, Gauge, Histogram

from shared.version import VERSION

BUILD = Gauge("rollcall_build_info", "1, by the version that runs.", ["version"])
BUILD.labels(VERSION).set(1)

# Consuming and publishing, in every service. `topic` is a name without prefix.
EVENTS = Counter(
    "rollcall_events_handled_total", "Events handled; dead: sent to the dead letters.", ["topic", "outcome"]
)
BATCH_SECONDS = Histogram(
    "rollcall_batch_seconds", "Seconds of one batch by stage: decode, handle (with publishing) and commit.",
    ["topic", "stage"], buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)  # fmt: skip
PUBLISH_SECONDS = Histogram(
    "rollcall_publish_seconds", "Seconds until a batch of events was acknowledged.",
    ["topic"], buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)  # fmt: skip
BATCH_FAILURES = Counter(
    "rollcall_batch_failures_total", "Batches that were put back because something was down.", ["topic"]
)
COMMIT_FAILURES = Counter(
    "rollcall_commit_failures_total", "Batches that were handled but not committed; they come again.", ["topic"]
)
BRAKED = Gauge(
    "rollcall_consumer_braked", "1 while a consumer has stopped because nearly all it reads is unreadable.", ["topic"]
)
DEAD_LETTERS = Counter("rollcall_dead_letters_total", "Records sent to a dead-letter topic.", ["topic", "reason"])
PUBLISHED = Counter("rollcall_events_published_total", "Events published and acknowledged.", ["topic"])
PRODUCER_REPLACED = Counter(
    "rollcall_producer_replaced_total", "Producers given up after an error that they do not survive."
)
REBALANCES = Counter("rollcall_rebalances_total", "Times partitions were taken away.", ["topic"])
SINCE_POLL = Gauge(
    "rollcall_consumer_since_poll_seconds", "Seconds since the consumer last asked for records.", ["topic"]
)

# What is measured when /metrics is asked (shared/measure.py).
MEASURED = Gauge("rollcall_measured", "1 if the last measurement succeeded: what it tells is known.", ["what"])
OUTBOX_AGE = Gauge("rollcall_outbox_age_seconds", "Age of the oldest event in the outbox; 0: it is empty.")
OUTBOX_AGE.set(nan)

RETENTION_OVERDUE = Gauge(
    "rollcall_retention_overdue_seconds", "How much longer the oldest data of a kind is kept than it may be; 0: it is not.",
    ["what"],
)  # fmt: skip

# The groups of all services, measured by intake. Named as other exporters of Kafka's numbers name them; topics and groups
# with prefix.
GROUP_LAG = Gauge(
    "kafka_consumergroup_lag", "Records not handled yet.", ["consumergroup", "topic", "partition"]
)  # fmt: skip
GROUP_LAG_SECONDS = Gauge(
    "kafka_consumergroup_lag_seconds", "Age of the oldest of them; 0: there is none.",
    ["consumergroup", "topic", "partition"],
)  # fmt: skip
GROUP_OFFSET = Gauge(
    "kafka_consumergroup_current_offset",
    "Offset that the group has committed.",
    ["consumergroup", "topic", "partition"],
)
GROUP_MEMBERS = Gauge("kafka_consumergroup_members", "Consumers in the group.", ["consumergroup"])
END_OFFSET = Gauge("kafka_topic_partition_current_offset", "Offset of the next record.", ["topic", "partition"])

# Imports and rows.
RECORDS_CHECKED = Counter("rollcall_records_checked_total", "Records by pre-import status.", ["status"])
RECORDS_PROVISIONED = Counter(
    "rollcall_records_provisioned_total", "Records by outcome, counted when they are provisioned first.", ["outcome"]
)
IMPORT_TURNS = Counter("rollcall_import_turns_total", "Imports that came to a status.", ["status"])
IMPORT_SECONDS = Histogram(
    "rollcall_import_seconds", "Seconds of an import's phases: preprocessing until it is ready, run until it is finished.",
    ["phase"], buckets=(0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400),
)  # fmt: skip
ROWS_ASKED_AGAIN = Counter("rollcall_rows_asked_again_total", "Rows published again for want of an answer.", ["phase"])
ROWS_GIVEN_UP = Counter(
    "rollcall_rows_given_up_total", "Rows that got internal.no_answer for want of an answer.", ["phase"]
)
IMPORTS_AT_WORK = Gauge("rollcall_imports_at_work", "Imports that wait for the services, by status.", ["status"])
IMPORT_STILL = Gauge(
    "rollcall_import_still_seconds", "Seconds without progress of the import at work that waits longest; 0: none waits."
)
IMPORT_STILL.set(nan)
IMPORTS_REPAIRED = Gauge(
    "rollcall_imports_under_repair", "Imports at work whose rows were asked for again and that did not move since."
)
IMPORTS_REPAIRED.set(nan)

FILE_STORE_TROUBLE = Gauge("rollcall_file_store_trouble", "1 since source files cannot be stored, until one was.")

# Mails.
MAILS_SETTLED = Counter("rollcall_mails_settled_total", "Mails settled: sent, failed or doubtful.", ["kind", "status"])
MAILS_PUT_OFF = Counter("rollcall_mails_put_off_total", "Attempts after which a mail went back into the queue.")
MAIL_REPAIRS = Counter(
    "rollcall_mail_repairs_total", "Finished imports whose mails were asked for again, or given up.", ["result"]
)
MAIL_SERVER_TROUBLE = Gauge(
    "rollcall_mail_server_trouble", "1 while the mail server is away, or refuses our settings.", ["trouble"]
)
MAILS_QUEUED = Gauge(
    "rollcall_mails_queued",
    "Mails in the queue, counted up to 100,000: new, put_off (tried before), in_hand.",
    ["state"],
)
MAILS_DOUBTFUL = Gauge("rollcall_mails_doubtful", "Mails of which nobody knows whether they arrived.")
MAILS_DOUBTFUL.set(nan)

# Webhooks.
WEBHOOK_ATTEMPTS = Counter(
    "rollcall_webhook_attempts_total",
    "Tries to deliver to webhooks: delivered, put_off or failed for good.",
    ["result"],
)
WEBHOOKS_SWITCHED_OFF = Counter(
    "rollcall_webhooks_switched_off_total", "Webhooks switched off by themselves: gone or failing.", ["reason"]
)
WEBHOOK_OLDEST = Gauge(
    "rollcall_webhook_oldest_seconds", "Age of the oldest delivery that waits, also for its receiver; 0: none waits."
)
WEBHOOK_OLDEST.set(nan)
WEBHOOK_LATE = Gauge(
    "rollcall_webhook_late_seconds", "How long the delivery that is due longest has waited to be tried; 0: none is due."
)
WEBHOOK_LATE.set(nan)

# Told from the start: an increase from nothing to one is not seen.
for _phase in ("preprocessing", "run"):
    ROWS_ASKED_AGAIN.labels(_phase)
    ROWS_GIVEN_UP.labels(_phase)
for _trouble in ("away", "settings"):
    MAIL_SERVER_TROUBLE.labels(_trouble)
for _status in ("sent", "failed", "doubtful"):
    for _kind in ("welcome", "finish"):
        MAILS_SETTLED.labels(_kind, _status)
for _result in ("asked", "given_up"):
    MAIL_REPAIRS.labels(_result)
for _result in ("delivered", "put_off", "failed"):
    WEBHOOK_ATTEMPTS.labels(_result)
for _reason in ("gone", "failing"):
    WEBHOOKS_SWITCHED_OFF.labels(_reason)
