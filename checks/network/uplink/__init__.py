"""The host's way to the network outside: its uplink, addresses, next hops and routes."""
