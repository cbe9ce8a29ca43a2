"""How amounts, and what PostgreSQL has said, are written for people."""


def in_bytes(size: float) -> str:
    """Return a size as PostgreSQL counts them: '8.0 kB', '12 MB'."""
    for unit, factor in (("GB", 2**30), ("MB", 2**20), ("kB", 2**10)):
        if size >= factor:
            number = size / factor
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"
    return f"{size:.0f} bytes"


def many(number: int, noun: str) -> str:
    """Return '1 row' or '2,000 rows'."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def first_line(error: Exception) -> str:
    """Return what PostgreSQL says first, without what it calls it: the rest is detail."""
    line, _, _ = str(error).strip().partition("\n")
    return line.removeprefix("ERROR:").removeprefix("FATAL:").strip()
