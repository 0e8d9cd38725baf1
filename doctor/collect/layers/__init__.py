"""Collectors of the layers of overlay2: records, directories, links, content."""
