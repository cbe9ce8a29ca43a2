"""python -m config.alive: does the site in this container answer? The image has no curl."""

import os
from http.client import HTTPConnection


def main() -> None:
    """Raise what went wrong, and so end with another exit code than 0, unless the site answers."""
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].removeprefix(".")
    site = HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=4)
    site.request("GET", "/health/live", headers={"Host": host})
    if (status := site.getresponse().status) != 200:
        raise SystemExit(f"/health/live answered {status}")


if __name__ == "__main__":
    main()
