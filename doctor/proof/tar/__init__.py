"""Tar archives and tar-split, read and written byte for byte."""
