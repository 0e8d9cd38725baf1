"""Proves a repair: on disk, by images, by the engine, then by test containers."""
