"""Collectors of the bolt databases of the engine and BuildKit."""
