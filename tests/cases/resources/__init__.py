"""Cases of the host's resources."""
