"""Reverses a finished repair, and names later work that an undo would lose."""
