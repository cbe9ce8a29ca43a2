#!/usr/bin/env python
"""Django's command line, with our settings."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from config.env import SettingError
    from config.management.commands import env

    try:
        if sys.argv[1:2] == ["env"]:  # Django would ask for settings first, which it may explain
            env.Command().run_from_argv(sys.argv)
        else:
            execute_from_command_line(sys.argv)
    except SettingError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # also one while Django is still being imported
        sys.exit(130)  # what a shell reports for a program that Ctrl-C ended
