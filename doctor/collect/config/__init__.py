"""Collectors of the engine's settings: daemon.json, the command line, units, certificates."""
