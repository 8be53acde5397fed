"""The notifier: one welcome mail per account that an import creates, one finish mail per import.

Consumes `imports.results` and `imports.lifecycle`; publishes `imports.emails`; owns the mail queue."""
