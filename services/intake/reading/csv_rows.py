"""The rows of a text file: its encoding, its delimiter, its lines, its rows. Each walk reads the bytes anew."""

from collections.abc import Iterator
from itertools import islice

from services.intake.import_types import ImportType
from services.intake.reading.decode_text import Chunks, detect_encoding
from services.intake.reading.map_columns import is_result_file, map_columns
from services.intake.reading.source_rows import Detected, Limits, RawRow, Rejected
from services.intake.reading.split_rows import RowSplitter, is_blank, sep_line, split_lines
from shared.problems import problem

DELIMITERS = (",", ";", "\t")


class CsvRows:
    """A table in a text file. Cells may hold lone surrogates for bytes that could not be read, and NUL, unless the
    encoding is `spotless`."""

    def __init__(self, chunks: Chunks, first: bytes, *, import_type: ImportType, limits: Limits) -> None:
        self._chunks = chunks
        self._limits = limits
        self.encoding = detect_encoding(chunks, first)
        set_by_file = sep_line(next(self._lines(), ""))
        self._lines_before = 1 if set_by_file else 0
        self.delimiter = set_by_file or self._delimiter_of_header(import_type)

    @property
    def detected(self) -> Detected:
        """What is known of the file without its columns."""
        return Detected(kind="csv", encoding=self.encoding.name, delimiter=self.delimiter)

    def rows(self) -> Iterator[RawRow]:
        """Every row, blank ones included; the line `sep=;` is none. Raises Rejected when there are too many."""
        return self._rows_by(self.delimiter)

    def first_lines(self, count: int) -> list[str]:
        """The first lines of the file without their line ends."""
        return [line.rstrip("\r\n") for line in islice(self._lines(), count)]

    def _lines(self) -> Iterator[str]:
        return split_lines(self.encoding.decoded(self._chunks()), self._limits.row_characters)

    def _rows_by(self, delimiter: str) -> Iterator[RawRow]:
        lines = islice(self._lines(), self._lines_before, None)
        rows = RowSplitter(lines, delimiter=delimiter, limit=self._limits.row_characters).rows()
        most = self._limits.rows + self._limits.blank_rows
        yield from islice(rows, most)
        if next(rows, None):
            raise Rejected([problem("file.too_many_rows", limit=f"{most:,}")])

    def _delimiter_of_header(self, import_type: ImportType) -> str:
        """The delimiter by which the header is that of our own file, or has the most known columns, then the most cells.
        Only the header is asked: values may hold any number of commas."""

        def score(delimiter: str) -> tuple[bool, int, bool, int]:
            header = first_filled(self._rows_by(delimiter))
            cells = header[1] if header else []
            fields = {column.field for column in map_columns(import_type, cells)} - {None}
            return (
                is_result_file(cells),
                len(fields),
                header is None,
                len(cells),
            )  # lines of nothing but delimiters are blank

        return max(DELIMITERS, key=score)


def first_filled(rows: Iterator[RawRow]) -> RawRow | None:
    """The first row that is not blank. A row that was cut is none, even if only its quote was there."""
    return next((row for row in rows if row[2] or not is_blank(row[1])), None)
