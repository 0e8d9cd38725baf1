"""Facts on storage drivers and the file systems below them."""
