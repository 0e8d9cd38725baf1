"""Executes reversible steps on the host, and computes their inverses."""
