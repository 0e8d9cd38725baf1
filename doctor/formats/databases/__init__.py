"""Formats of the bolt databases of the engine and of BuildKit."""
