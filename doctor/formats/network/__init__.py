"""Formats: networks of the engine and of the host: records, links, addresses, routes, names."""
