"""Stops, starts and asks the engine, and finds the lock holder of a data root."""
