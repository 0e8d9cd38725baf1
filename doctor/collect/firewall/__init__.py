"""Collectors of the packet filter: rules of the engine, rules of others, and the verdict on packets."""
