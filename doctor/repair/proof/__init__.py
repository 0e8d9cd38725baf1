"""Proves a repair: the disk, the images, the engine, then test containers."""
