"""Reverses a finished repair, and finds later work that an undo would lose."""
