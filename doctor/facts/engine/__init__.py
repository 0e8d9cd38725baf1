"""Facts: the engine itself: its process, its own files, its start, and what it runs from."""
