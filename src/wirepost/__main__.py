"""The command `wirepost`; what clients start takes the short way, because they wait for it."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["mcp"]:
        from wirepost.cli.front import main as front

        front()
        return
    if sys.argv[1:2] == ["channel"]:
        from wirepost.cli.channel import main as channel

        channel()
        return
    if sys.argv[1:3] == ["serve", "--detached"]:
        from wirepost.cli.detached import main as detached

        detached(sys.argv[3:])
        return
    from wirepost.cli.main import run

    run()


if __name__ == "__main__":
    main()
