"""The container's file systems, assembled from untrusted layers."""
