"""Copies images, volumes and writable layers out of a data root with a dead engine; writes nothing into it.

An image is proven: the hash of its config is its id, and each layer, reassembled from its tar-split and its directory,
has the digest in the config. Unproven images are left out and listed with the reason.
"""
