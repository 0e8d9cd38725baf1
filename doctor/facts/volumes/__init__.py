"""Facts on local volumes and their records."""
