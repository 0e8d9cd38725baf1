"""Undoes changes to the host, also after the runtime was killed."""
