"""Collectors of the network namespaces through which packets of containers go."""
