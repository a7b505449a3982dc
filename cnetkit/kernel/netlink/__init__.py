"""Netlink: one codec, one socket, and the one file of the kernel's numbers. It knows no message's meaning."""
