"""Facts on images: configs, names, and copies of corrupt files."""
