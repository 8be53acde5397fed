"""Our own records.csv, corrected and uploaded again."""

from tests.unit.intake.reading.builders import cells_of, opened, problems_of

RESULT = "Email,'=Group,row,status,code,message\n'=a@b.co,'-x,2,error,email.invalid,'+y\nc@d.co,''=z,3,,,\n"


def test_the_marks_against_formulas_are_taken_off():
    reader = opened(RESULT)
    assert reader.detected.is_result_file
    assert [column.header for column in reader.detected.columns][:2] == ["Email", "=Group"]
    assert [row.cells for row in reader.rows()] == [
        ["=a@b.co", "-x", "2", "error", "email.invalid", "+y"],
        ["c@d.co", "'=z", "3", "", "", ""],
    ]


def test_our_four_columns_are_ignored():
    assert opened(RESULT).columns == {"email": 0}


def test_a_file_without_all_four_columns_is_read_as_it_is():
    assert cells_of("Email,row,status,code\n'=a@b.co,1,x,y\n") == [["'=a@b.co", "1", "x", "y"]]


def test_an_apostrophe_before_anything_else_stays():
    assert cells_of("Email,row,status,code,message\n'tis@b.co,2,,,\n") == [["'tis@b.co", "2", "", "", ""]]


def test_what_could_not_be_read_and_was_not_corrected_still_cannot_be():
    """We wrote the signs that stand for it; taken at their word, they would be somebody's name."""
    not_readable, control = "value.not_readable; email.invalid", "value.control_characters"
    result = (
        "Email,First Name,row,status,code,message\n"
        f"a@b.co,Jos\ufffd,2,error,{not_readable},\n"
        f"c@d.co,A\u2400a,3,error,{control},\n"
        f"e@f.co,José,4,error,{not_readable},\n"
        f"g@h.co,Ada,5,error,{control},\n"
        "i@j.co,Jos\ufffd\u2400,6,ready,,\n"
    )
    assert problems_of(result) == {2: ["value.not_readable"], 3: ["value.control_characters"]}
    assert [cells[1] for cells in cells_of(result)] == ["Jos\ufffd", "A\u2400a", "José", "Ada", "Jos\ufffd\u2400"]
