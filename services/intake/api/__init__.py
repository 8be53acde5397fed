"""The JSON API under /api/v1: thin routes, their models and their errors."""
