"""Rebuilding: containerd: its databases, contents and snapshots."""
