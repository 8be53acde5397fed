"""The provisioner: does what Run promised. Consumes imports.approvals and imports.lifecycle, publishes imports.results
and directory.changes, owns accounts, memberships and the result of every record."""
