"""``doctor fleet``."""
