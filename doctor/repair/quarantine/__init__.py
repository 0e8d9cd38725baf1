"""The originals that runs keep for an undo: which there are, their size, and their deletion on request."""
