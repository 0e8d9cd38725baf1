"""``doctor schedule``: regular scans, and the notifications about what they find."""
