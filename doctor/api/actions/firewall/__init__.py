"""Actions on firewall rules: iptables, nftables, and the chains that a change creates."""
