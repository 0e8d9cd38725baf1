"""A packet on its way through the network of a container."""
