"""Collectors: the rules of the packet filter: what the engine needs, what others made, what becomes of a packet."""
