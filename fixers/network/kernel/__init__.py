"""Limits and messages of the kernel's network."""
