"""Copies of the database in files, and the way back.

An export is three files: `x.dump` as pg_dump writes it, `x.dump.json` with the rows that each table
had in the same snapshot (manifest.py), and `x.dump.sha256`, which `sha256sum -c` reads.
"""
