"""Rebuilds images: configs, names, and copies of damaged parts."""
