"""The command `compexact`, and `python -m compexact.experiments`.

It imports next to nothing, so that Ctrl-C is answered while the command line is still being imported, too.
"""

import sys

from .run.interrupts import raise_on_interrupt


def main() -> None:
    """Import the command line and run it."""
    try:
        with raise_on_interrupt():
            from .cli import main as run

            run()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
