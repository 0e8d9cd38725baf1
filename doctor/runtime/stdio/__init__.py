"""The container's standard streams: pipes, or a terminal."""
