"""The container's network: links, addresses, firewall rules, published ports."""
