"""Formats of networks of the engine and the host: records, links, addresses, routes, names."""
