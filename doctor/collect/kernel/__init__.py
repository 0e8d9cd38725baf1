"""Collectors of the kernel: release, features, modules, settings, namespaces, control groups."""
