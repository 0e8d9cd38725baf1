"""The host's own network on the ways of containers' packets: what the last healthy scan saw, and what ends packets now."""
