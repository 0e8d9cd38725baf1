"""Seccomp filters: Docker's default profile, compiled at build time, and the profile of a bundle."""
