"""Parsers for a trace of one packet: events of the kernel, rules that it met, and the packet itself."""
