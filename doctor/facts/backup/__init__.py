"""Facts: the metadata backup of earlier scans."""
