"""``doctor history``: kept scans, and the difference between two of them."""
