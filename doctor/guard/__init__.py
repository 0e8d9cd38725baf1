"""What stands in front of each start of the engine: it keeps a copy of the metadata and of what the start would erase.

Only a start that would destroy data which can't be copied first is stopped. Every failure of the guard's own lets it pass.
"""
