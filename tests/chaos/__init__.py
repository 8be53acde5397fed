"""Imports run while parts of the system are killed, frozen and cut off; an oracle outside says whether anything was lost,
doubled or left hanging."""
