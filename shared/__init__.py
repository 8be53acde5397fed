"""Words on the wire and plumbing that all services need. Imports no service and decides nothing about learners."""
