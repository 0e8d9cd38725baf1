"""The interfaces that the engine gave to containers, and their bridge ports."""
