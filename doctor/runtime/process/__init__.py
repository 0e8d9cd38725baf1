"""The container's process: its creation, user, privileges and namespaces, until it executes the command."""
