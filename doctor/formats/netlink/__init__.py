"""Netlink messages of the kernel (rtnetlink, nfnetlink): bytes in, values out."""
