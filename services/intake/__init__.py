"""Intake: experiences, tokens, imports and the ledger of records. Consumes checks, results and emails; publishes rows, approvals and the lifecycle."""
