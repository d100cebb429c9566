"""The program: ``python3 -m netwrap``, and what the console script and netwrap.pyz call."""

import _signal  # type: ignore[import-not-found]  # built in; to import `signal` takes time in which Ctrl-C prints a traceback
import os
import sys


def run() -> int:
    """Run the command line of this process, and return the exit status.

    Ctrl-C ends the process without a word while modules are read, and at the end, when there is nothing left to undo.
    """
    heeds = _signal.getsignal(_signal.SIGINT) != _signal.SIG_IGN
    if heeds:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if __name__ == "__main__" and os.path.isdir(os.path.join(here, "parsers")):
        sys.path.insert(0, here)  # of a checkout: somebody else's `parsers.py` may lie where we were started
    from .cli import main

    try:
        if heeds:
            _signal.signal(_signal.SIGINT, _signal.default_int_handler)
        status = main()
    except KeyboardInterrupt:
        status = 130
    if heeds:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    return status


if __name__ == "__main__":
    sys.exit(run())
