"""Reads the engine's data for a salvage."""
