"""python bin/_with_database.py <command>: run it with DATABASE_URL, else that of the tests' server.

For `check --deploy`, which asks the database its version and must not start the embedded one.
"""

import os
import subprocess
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])
from config.database import embedded  # noqa: E402

if not os.environ.get("DATABASE_URL"):
    embedded.start("test")
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}"
    os.environ["DATABASE_URL"] = url.format(**embedded.settings("test"))
sys.exit(subprocess.run(sys.argv[1:], check=False).returncode)  # noqa: S603
