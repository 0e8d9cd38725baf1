"""Odd and healthy networks on hosts with a real dockerd, on which a scan must stay silent."""
