"""Collectors of the rest of the host: space, mounts, processes, packages."""
