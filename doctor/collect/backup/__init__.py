"""Collectors: the metadata backup of earlier scans."""
