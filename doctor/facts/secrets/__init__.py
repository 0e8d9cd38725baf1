"""Facts: what may leave the host, and what is masked."""
