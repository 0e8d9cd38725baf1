"""Reads the kernel's network state by netlink, in the host's network namespace and in those of containers."""
