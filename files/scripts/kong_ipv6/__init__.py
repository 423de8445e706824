"""Brings a server to the state that the repository describes, checks it, and undoes it.

There is one straight path: argv (__main__) → facts → resources → journal → primitives (system).
"""

import sys

if sys.version_info < (3, 9):
    sys.exit("Python 3.9 or newer is needed, and python3 is older\n  Remedy: upgrade python3")
