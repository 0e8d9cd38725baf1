"""Reads what starts of containers through the layers of the host need."""
