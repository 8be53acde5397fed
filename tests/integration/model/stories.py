"""How many stories Hypothesis makes up for a state machine, and how long they are."""

from hypothesis import HealthCheck, settings

# Each example is a story of many steps, so a quarter of what the profile says for examples of one step.
STORIES = settings(
    max_examples=max(1, settings.default.max_examples // 4),
    stateful_step_count=30,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
