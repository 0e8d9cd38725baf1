"""Facts: containerd: its databases, contents and snapshots."""
