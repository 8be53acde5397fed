"""validator: says of every row what is wrong with it and what Run will do with it.

Consumes `imports.rows`, `imports.results`, `directory.changes`, `imports.lifecycle`; publishes `imports.checks`.
Owns the emails seen per import and a copy of the directory. Leaves reading files to intake and acting to provisioner."""
