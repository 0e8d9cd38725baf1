"""Proof of content: layers and snapshots against the digests and headers that describe them."""
