"""``python3 -m netwrap``: the command line where nothing is installed."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if os.path.isdir(os.path.join(here, "parsers")):  # a checkout: somebody else's `parsers.py` may lie where we were started
        sys.path.insert(0, here)
    try:
        from .cli import main

        sys.exit(main())
    except KeyboardInterrupt:  # while the modules are read
        sys.exit(130)
