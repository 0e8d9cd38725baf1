"""Collectors of the engine itself: process, files, start, programs and data root."""
