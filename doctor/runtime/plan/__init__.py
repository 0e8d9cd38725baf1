"""The immutable plan of a container, and its two sources: the JSON of `batch` and the options of `run`."""
