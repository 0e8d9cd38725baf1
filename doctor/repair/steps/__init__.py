"""Carries out reversible steps on the host, and computes their inverses."""
