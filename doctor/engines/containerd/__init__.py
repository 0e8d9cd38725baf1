"""containerd, as a separate service or below Docker Engine. This file imports nothing: the lower rooms load it with ``places``."""
