"""doctor's own files: root-only, synced, renamed into place."""
