"""Keeps earlier scans in SQLite; its errors never fail a scan."""
