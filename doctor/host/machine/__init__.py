"""Reads of the running machine that few checks ask for."""
