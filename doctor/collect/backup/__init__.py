"""Collectors of the metadata backup of earlier scans."""
