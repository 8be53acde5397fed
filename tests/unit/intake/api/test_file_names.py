"""A person's file name is shown and never trusted."""

import pytest

from services.intake.upload.receive_file import clean_file_name, shown_size


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("learners.csv", "learners.csv"),
        ("Łódź 名簿.xlsx", "Łódź 名簿.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\list.csv", "list.csv"),
        ("a\r\nSet-Cookie: x.csv", "aSet-Cookie: x.csv"),
        ("\u202excel.vsc", "xcel.vsc"),
        ("nul\x00.csv", "nul.csv"),
        ("  spaced.csv ", "spaced.csv"),
        ("folder/", "file"),
        ("", "file"),
        ("x" * 300, "x" * 255),
    ],
)
def test_only_the_visible_last_part_of_a_name_is_kept(sent: str, shown: str) -> None:
    assert clean_file_name(sent) == shown


@pytest.mark.parametrize(
    ("size", "shown"), [(100_000_000, "100 MB"), (1_500_000, "1.5 MB"), (200_000, "200 kB"), (12, "12 bytes")]
)
def test_a_limit_is_said_as_people_write_it(size: int, shown: str) -> None:
    assert shown_size(size) == shown
