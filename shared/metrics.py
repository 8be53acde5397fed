"""Metric names, all in one place. Labels never hold personal data or ids of imports."""

from prometheus_client import Counter, Gauge, Histogram

EVENTS = Counter("rollcall_events_total", "Events handled.", ["topic"])
BATCH_SECONDS = Histogram(
    "rollcall_batch_seconds", "Seconds for one batch, from poll to commit.", ["topic"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)  # fmt: skip
BATCH_FAILURES = Counter(
    "rollcall_batch_failures_total", "Batches that were put back because something was down.", ["topic"]
)
COMMIT_FAILURES = Counter(
    "rollcall_commit_failures_total", "Batches that were handled but not committed; they come again."
)
BRAKED = Gauge(
    "rollcall_consumer_braked", "1 while a consumer has stopped because nearly all it reads is unreadable.", ["topic"]
)
DEAD_LETTERS = Counter("rollcall_dead_letters_total", "Records sent to a dead-letter topic.", ["topic", "reason"])
PUBLISHED = Counter("rollcall_published_total", "Events published and acknowledged.", ["topic"])
PRODUCER_REPLACED = Counter(
    "rollcall_producer_replaced_total", "Producers given up after an error that they do not survive."
)
REBALANCES = Counter("rollcall_rebalances_total", "Times partitions were taken away.", ["topic"])
CONSUMER_LAG = Gauge(
    "rollcall_consumer_lag", "Records of the partitions held here that are not delivered yet.", ["topic"]
)
SINCE_POLL = Gauge("rollcall_seconds_since_poll", "Seconds since the consumer last asked for records.", ["topic"])
MAILS_SETTLED = Counter("rollcall_mails_total", "Mails settled: sent, failed or doubtful.", ["kind", "status"])
MAILS_PUT_OFF = Counter("rollcall_mails_put_off_total", "Attempts after which a mail went back into the queue.")
MAIL_SERVER_TROUBLE = Gauge(
    "rollcall_mail_server_trouble", "1 while the mail server is away, or refuses our settings.", ["trouble"]
)
