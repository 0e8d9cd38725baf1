"""Reads clients, their settings and other engines."""
