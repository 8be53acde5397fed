"""Source files for the benchmark: mostly new learners, some known, a few duplicates and broken addresses."""

import csv
from pathlib import Path

KNOWN_EVERY = 10  # a tenth of the rows have an account already; half of these are learners of the experience already
BAD_EVERY = 100
DUPLICATE_EVERY = 100


def write_learners(path: Path, rows: int, *, tag: str) -> None:
    """A file of `rows` rows; `tag` makes its new people different from those of other files."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("Email", "First Name", "Last Name"))
        for number in range(rows):
            writer.writerow((_email(number, tag), f"First{number % 977}", f"Last{number % 3571}"))


def write_known(path: Path, rows: int, *, tag: str, members: bool) -> int:
    """The people that a file of the same size and tag finds already there: members of the experience, or of another."""
    numbers = [n for n in range(0, rows, KNOWN_EVERY) if (n // KNOWN_EVERY) % 2 == (0 if members else 1)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("Email", "First Name", "Last Name"))
        writer.writerows((_email(n, tag), f"First{n % 977}", f"Last{n % 3571}") for n in numbers)
    return len(numbers)


def _email(number: int, tag: str) -> str:
    if number % BAD_EVERY == 57:
        return f"no.address.{number}"
    if number % DUPLICATE_EVERY == 58:
        number -= 2
    return f"{tag}.learner{number:07d}@school{number % 211}.org"
