"""Kinds of networks that the kernel itself has, one a file. Systems that combine them are in `cnetkit.systems`."""
