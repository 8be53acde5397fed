"""The `rollcall` command: what an administrator or operator does without a browser, and the stack without Docker."""
