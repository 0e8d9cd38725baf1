"""Rebuilds containerd: its databases, contents and snapshots."""
