"""Hostile events on every topic, beside an import that has to end right."""
