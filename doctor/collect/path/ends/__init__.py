"""The interfaces at which containers end: as the engine recorded them, and as the kernel has them."""
