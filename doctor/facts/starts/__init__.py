"""Starts of containers through the layers of the host: what each needs, and why one can't be tried."""
