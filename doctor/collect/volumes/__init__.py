"""Collectors: local volumes and the records of them."""
