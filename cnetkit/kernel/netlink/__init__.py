"""Netlink: the codec, the socket, and the only file of kernel constants. It knows no message's meaning."""
