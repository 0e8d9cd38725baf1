"""Facts on containerd: databases, contents and snapshots."""
