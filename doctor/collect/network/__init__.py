"""Collectors of networks of the engine and of the host: records, links, addresses, routes, name resolution."""
