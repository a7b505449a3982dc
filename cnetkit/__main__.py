"""`python -m cnetkit`: the same as the command `cnetkit`."""

import sys

from cnetkit.cli import main

if __name__ == "__main__":
    sys.exit(main())
