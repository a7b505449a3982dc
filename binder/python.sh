#!/bin/sh
# Prints the first Python of at least 3.11 that can make a virtual environment; fails with one sentence if there is none.
for python in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "$python"
        exit 0
    fi
done
echo "No Python of at least 3.11 with venv was found: install one, for example with apt-get install python3-venv." >&2
exit 1
