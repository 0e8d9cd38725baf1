"""containerd, as a service of its own or below Docker Engine. This file imports nothing: the lower rooms load it with ``places``."""
