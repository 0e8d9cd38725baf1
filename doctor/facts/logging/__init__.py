"""Facts on logging drivers and logs."""
