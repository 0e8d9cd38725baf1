"""Actions about the routing of packets."""
