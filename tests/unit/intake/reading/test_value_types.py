"""How the text of a cell is understood by the type of its column."""

from datetime import date

import pytest

from services.intake.import_types import ValueType


@pytest.mark.parametrize(
    ("value_type", "text", "value"),
    [
        (ValueType.STRING, " as it is ", " as it is "),
        (ValueType.ARRAY, "a; b;;c ;", ("a", "b", "c")),
        (ValueType.ARRAY, "", ()),
        (ValueType.BOOLEAN, "True", True),
        (ValueType.BOOLEAN, "FALSE", False),
        (ValueType.DATE, "2024-02-29", date(2024, 2, 29)),
        (ValueType.FLOAT, "-1.5", -1.5),
        (ValueType.FLOAT, "42", 42.0),
    ],
)
def test_a_text_stands_for_a_value(value_type, text, value):
    assert value_type.parse(text) == value


@pytest.mark.parametrize(
    ("value_type", "text"),
    [
        (ValueType.BOOLEAN, "yes"),
        (ValueType.BOOLEAN, ""),
        (ValueType.DATE, "29.02.2024"),
        (ValueType.DATE, "2023-02-29"),
        (ValueType.DATE, "20240229"),
        (ValueType.DATE, "2024-W01-1"),
        (ValueType.FLOAT, "1,5"),
        (ValueType.FLOAT, "nan"),
        (ValueType.FLOAT, "inf"),
        (ValueType.FLOAT, "1_000"),
    ],
)
def test_a_text_that_stands_for_no_value_is_refused(value_type, text):
    with pytest.raises(ValueError, match=r"."):
        value_type.parse(text)
