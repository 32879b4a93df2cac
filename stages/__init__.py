"""Entry points of the DVC stages; nothing imports them.

This workspace's own ``src`` comes first on the path, so that a queued experiment, which runs in a
copy of the workspace, never imports the code of the workspace that ``ganpipe`` was installed from.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))
