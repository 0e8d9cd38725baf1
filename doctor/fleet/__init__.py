"""Merges the reports of many hosts: files are found, read, reduced to what the merged report needs, and judged together."""
