"""``python -m ganpipe``, the same as ``ganpipe``."""

from ganpipe.cli.main import entry

if __name__ == "__main__":
    entry()
