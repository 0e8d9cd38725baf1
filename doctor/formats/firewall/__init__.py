"""Formats of packet filter rules: iptables and nftables."""
