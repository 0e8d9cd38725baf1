"""Follows one packet through the kernel: tracefs, taps, marks for nftables, and sockets in other network namespaces."""
