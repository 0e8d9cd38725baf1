"""Rules of iptables and nftables in one form, and their verdict on a packet."""
