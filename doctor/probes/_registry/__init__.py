"""Parts of the probe of registries: what it asks, its words, and the error lines that it owns."""
