"""`python -m agent_os.localhub --root DIR --port N --user LOGIN=TOKEN ...`"""

import argparse
import sys
from pathlib import Path


def _user(text: str) -> tuple[str, str]:
    login, equals, token = text.partition("=")
    if not equals or not login or not token:
        raise argparse.ArgumentTypeError(f"{text!r} is not LOGIN=TOKEN")
    return login, token


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="agent_os.localhub", description="A small local GitHub.")
    parser.add_argument("--root", type=Path, required=True, help="where everything is stored")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--user", type=_user, action="append", default=[], help="LOGIN=TOKEN")
    parser.add_argument("--ci-jobs", type=int, default=2, help="workflow runs at the same time")
    options = parser.parse_args()
    from agent_os.localhub.server import serve  # after parsing, so that --help is quick

    try:
        serve(options.root, options.port, dict(options.user), ci_jobs=options.ci_jobs)
    except OSError as error:
        sys.exit(f"The hub can't start: {error}")


if __name__ == "__main__":
    main()
