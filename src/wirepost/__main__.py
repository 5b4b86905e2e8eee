"""The command `wirepost`; `wirepost mcp` takes the short way, because a client waits for it."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    if len(sys.argv) > 1 and sys.argv[1] == "mcp":
        from wirepost.cli.front import main as front

        front()
        return
    from wirepost.cli.main import run

    run()


if __name__ == "__main__":
    main()
