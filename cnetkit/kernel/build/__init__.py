"""Carries out operations, one kind per file. A file has the name of the operation's own file in cnetkit/operations.

Each file has a function `build(builder, operations)`, which is called with consecutive operations of its kind. request.py finds
it by the operation's class. builder.py is the tool that they share.
"""
