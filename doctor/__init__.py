"""doctor: finds out why a container host is broken, repairs it without loss, and proves it."""

__version__ = "0.1.0"
