"""Runs before each start of the engine: keeps a copy of the metadata and of the files that the start would erase.

The guard blocks a start only if it would destroy data that can't be copied first. If the guard itself fails, the start
continues.
"""
