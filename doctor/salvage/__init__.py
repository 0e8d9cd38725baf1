"""Takes images, volumes and writable layers out of a data root whose engine is dead; writes nothing into it.

An image is proven: the hash of its config is its id, and each layer, put together again from its tar-split and its
directory, has the digest that the config names. What lacks that proof is left out and listed with the reason.
"""
