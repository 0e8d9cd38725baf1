"""Collectors of registries: where images are pulled from, the way there, and the clients' logins."""
