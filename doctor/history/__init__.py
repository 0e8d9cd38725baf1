"""What earlier scans saw: kept in SQLite, never a reason for a scan to fail."""
