"""The only room that talks to the kernel: it builds, runs programs, captures and reads tables, inside the sandbox.

It knows no Docker, no pods and no journeys. No other room imports it; it runs in processes of its own.
"""
