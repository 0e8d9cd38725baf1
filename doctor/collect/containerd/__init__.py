"""Collectors: containerd: its databases, contents and snapshots."""
