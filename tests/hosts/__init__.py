"""Throw-away container hosts that a test may really break: namespaces, a real dockerd, and ways to damage both."""
