"""Calls to the engine's and containerd's sockets, for rungs: the standard library has HTTP/1.1 alone, and its client costs 15 ms."""
