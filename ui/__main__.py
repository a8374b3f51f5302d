"""`python -m ui`: the console, in an environment that `collector console` has prepared."""

from __future__ import annotations

import os
import sys

from ui.display import display_problem

CANNOT_RUN = 2


def main() -> int:
    """Run the console; where it cannot run here, say so in one sentence and return 2."""
    try:
        problem = display_problem(os.environ)
        if problem:
            print(problem, file=sys.stderr)
            return CANNOT_RUN
        from ui.console import run
    except ImportError as error:
        print(f"the console cannot start: {error}", file=sys.stderr)
        return CANNOT_RUN
    return run(sys.argv)


if __name__ == "__main__":
    sys.exit(main())
