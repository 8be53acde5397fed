"""Webhooks: calls to addresses that an experience's administrators registered, for those who do not read Kafka. Signed by the
Standard Webhooks specification, tried for days, never to an internal address."""
