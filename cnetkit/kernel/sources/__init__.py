"""The kernel's tables, one per file: each file dumps its table and decodes its notifications into the model's classes.

A source only reads. snapshot.py combines the dumps, listener.py the notifications.
"""
