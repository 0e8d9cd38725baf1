"""Rebuilds records from other records: pure functions, each with the proof of its result."""
