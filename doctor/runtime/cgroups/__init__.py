"""The control groups of a container: limits and device rules."""
