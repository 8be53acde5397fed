"""Cells that a spreadsheet would run as formulas: the mark that keeps them text in our downloads, and its way back.
The two functions undo each other for every text, any number of times."""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")  # how a cell begins that a spreadsheet takes for a formula, marked or not
_MARKED = re.compile(r"'+[=+\-@\t\r]")


def formula_safe(cell: str) -> str:
    """The cell as text for a spreadsheet: one `'` is put before what would be a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def without_formula_mark(cell: str) -> str:
    """The cell as it was before `formula_safe`."""
    return cell[1:] if _MARKED.match(cell) else cell
