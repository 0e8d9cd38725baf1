"""Reads the files of a Kubernetes node."""
