"""Docker Engine. This file imports nothing: the lower rooms load it with ``places``."""
