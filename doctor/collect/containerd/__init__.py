"""Collectors of containerd: databases, contents and snapshots."""
