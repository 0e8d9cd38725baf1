"""Reads the certificate and the state of a swarm node."""
