"""Starts the engine and waits for it, and finds the lock holder of a data root."""
