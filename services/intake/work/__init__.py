"""The work on imports that nobody waits for: leases of imports are taken, rows and approvals go out, what has no answer is asked again."""
