from cnetkit.view.lines import beside, cells, fold, under


def text(lines):
    return ["".join(part for part, _ in line) for line in lines]


def test_long_text_is_folded_not_cut():
    assert "".join(fold("-" * 45, 20)) == "-" * 45
    assert max(map(len, fold("a rule --with options that goes on and on", 12))) <= 12


def test_options_are_not_broken_at_their_hyphens():
    assert fold("-j DNAT --to-destination", 20) == ("-j DNAT", "--to-destination")


def test_wide_letters_take_two_columns():
    assert all(cells(part) <= 6 for part in fold("容器容器容器容器", 6))
    assert "".join(fold("容器容器容器容器", 6)) == "容器容器容器容器"


def test_columns_are_aligned_over_all_lines_of_a_row():
    rows = text(beside([[("1", "")], [("docker0", "")], [("one two three", "")]], [3, 7, 8], right=(0,)))
    assert rows == ["  1  docker0  one two", "              three"]


def test_lines_under_a_row_are_indented():
    assert text(under("one two", "", 4, 8)) == ["    one", "    two"]
