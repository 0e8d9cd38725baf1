"""A node of a swarm: its certificate, and what its engine says of it."""
