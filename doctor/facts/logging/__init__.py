"""Facts: logging drivers and logs."""
