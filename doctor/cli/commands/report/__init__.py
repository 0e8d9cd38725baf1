"""``doctor report``: pages of kept scans and repairs."""
