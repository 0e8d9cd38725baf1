"""Formats of the engine's settings: daemon.json, its command line, and what each key means."""
