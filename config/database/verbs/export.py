"""manage.py db export: a copy of the database in a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from config.database import clients, interrupts
from config.database.backups import dumping, exports
from config.database.verbs import Verb
from config.database.wording import in_bytes
from config.env import BASE_DIR


class Export(Verb):
    help = "Write the database, or a part of it, into a file under backups/."
    needs_database = True

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        parser.add_argument("--sql", action="store_true", help="as SQL that psql reads")
        part = parser.add_mutually_exclusive_group()
        part.add_argument("--schema-only", action="store_true", help="how tables are made, no rows")
        part.add_argument("--data-only", action="store_true", help="rows alone")
        parser.add_argument(
            "--table", action="append", default=[], help="this table alone; may be repeated"
        )
        parser.add_argument(
            "--everything",
            action="store_true",
            help=f"also the rows of {', '.join(dumping.WORTHLESS)}, which are worthless later",
        )
        parser.add_argument("--folder", type=Path, default=BASE_DIR / "backups", help="write here")

    def run(self, **options: Any) -> None:
        self.tell_direct()
        wish = dumping.Wish(
            part="schema" if options["schema_only"] else "data" if options["data_only"] else "all",
            tables=tuple(options["table"]),
            is_sql=options["sql"],
            everything=options["everything"],
        )
        stopped = interrupts.ends_with("Stopped; no file was left behind.")
        with stopped:
            made = dumping.export(wish, options["folder"], clients.database())
        rows = sum(made.manifest.rows.values())
        if made.manifest.is_complete:
            exports.record_exported(
                made.path.name, taken=made.manifest.taken, rows=rows, size=made.size
            )
            self.say(f"Whether it can be restored: manage.py db restore --drill {made.path}")
        if made.manifest.left_out:
            self.say(
                f"Without the rows of {', '.join(made.manifest.left_out)}, which are worth nothing "
                "later; --everything takes them along."
            )
        self.stdout.write(f"{made.path}: {rows:,} rows, {in_bytes(made.size)}")
