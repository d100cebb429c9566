"""``python3 -m netwrap``: the command line where nothing is installed."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    try:
        from .cli import main

        sys.exit(main())
    except KeyboardInterrupt:  # while the modules are read
        sys.exit(130)
