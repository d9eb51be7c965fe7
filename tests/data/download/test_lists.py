"""Which files are lists, and what each line of them says."""

import csv
import io
import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.download import count_rows, read_list, select
from data.rows import BadRow, Box, Row, Unselected
from errors import ListError, UsageError

SHA = "ab" * 32
GOOD = f"Alec Baldwin\t3209\t1862\thttp://a.example/1.jpg\t1,2,30,40\t{SHA}\n"


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "list"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_facescrubs_form(tmp_path: Path) -> None:
    assert list(read_list(write(tmp_path, GOOD))) == [
        Row(1, "Alec Baldwin", "http://a.example/1.jpg", Box(1, 2, 30, 40), SHA)
    ]


def test_facescrubs_form_with_the_header_of_its_files(tmp_path: Path) -> None:
    path = write(tmp_path, "name\timage_id\tface_id\turl\tbbox\tsha256\n" + GOOD)
    assert [row.number for row in read_list(path)] == [1]


def test_a_table_with_a_header_in_any_order(tmp_path: Path) -> None:
    path = write(tmp_path, f'sha256,extra,box,url,name\n{SHA.upper()},x,"1,2,3,4",https://b.example/x?y#z,Ann\n')
    assert list(read_list(path)) == [Row(1, "Ann", "https://b.example/x?y#z", Box(1, 2, 3, 4), SHA)]


def test_columns_that_the_table_has_not(tmp_path: Path) -> None:
    assert list(read_list(write(tmp_path, "name,url\nAnn,http://b.example\n"))) == [
        Row(1, "Ann", "http://b.example", None, None)
    ]


def test_a_blank_box_is_the_whole_photo(tmp_path: Path) -> None:
    assert list(read_list(write(tmp_path, "name,url,box\nAnn,http://b.example,\n"))) == [
        Row(1, "Ann", "http://b.example", None, None)
    ]


def test_byte_order_mark_crlf_quotes_blank_lines_and_no_last_line_feed(tmp_path: Path) -> None:
    text = '\ufeffname,url\r\n\r\n"Baldwin, Alec ""A""",http://a.example/1\r\n   \r\nZoë,http://a.example/2'
    rows = list(read_list(write(tmp_path, text)))
    assert [(row.number, row.name) for row in rows if isinstance(row, Row)] == [(1, 'Baldwin, Alec "A"'), (2, "Zoë")]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("Ann\t1\t2\thttp://a.example\t1,2,3,4", "expected 6 columns, got 5"),
        (GOOD.strip() + "\tmore", "expected 6 columns, got 7"),
        (GOOD.strip().replace("Alec Baldwin", " "), "name: empty"),
        (GOOD.strip().replace("http:", "ftp:"), "url: expected http"),
        (GOOD.strip().replace("http://a.example", "http:///"), "url: expected http"),
        (GOOD.strip().replace("a.example", "a.example:99999"), "url: its host or port"),
        (GOOD.strip().replace("a.example", "[::1"), "url: its host or port"),
        (GOOD.strip().replace("1,2,30,40", "1,2,30"), "box: expected x1,y1,x2,y2"),
        (GOOD.strip().replace("1,2,30,40", ""), "box: empty"),
        (GOOD.strip().replace("ab", "xy"), "sha256: expected 64"),
        (GOOD.strip().replace("ab" * 32, "ab" * 31), "sha256: expected 64"),
        (GOOD.strip().replace("Alec", "Al\x07ec"), "control characters"),
        (GOOD.strip().replace("a.example/1", "a.example/" + "x" * 40_000), "longer than"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_reading_goes_on(tmp_path: Path, line: str, problem: str) -> None:
    first, bad, last = read_list(write(tmp_path, f"{GOOD}\n{line}\n{GOOD}"))
    assert isinstance(first, Row)
    assert isinstance(bad, BadRow)
    assert (bad.number, bad.line) == (2, 3)
    assert bad.problem.startswith(problem)
    assert isinstance(last, Row)
    assert last.number == 3


def test_a_byte_that_is_not_utf_8_among_letters_that_are_makes_a_bad_row(tmp_path: Path) -> None:
    letters = GOOD.replace("Alec", "Zoë José").encode()
    bad, good = read_list(write(tmp_path, GOOD.replace("Alec", "\xe9").encode("latin-1") + letters))
    assert isinstance(bad, BadRow)
    assert isinstance(good, Row)


@pytest.mark.parametrize("gap", [",", ", ", ",\u00a0\u200b"])
def test_a_row_without_its_digest_is_trusted_and_one_with_half_a_digest_is_not(tmp_path: Path, gap: str) -> None:
    lines = ["name,url,sha256", f"Ann,http://a.example{gap}", f"Ann,http://a.example,{SHA}", "Ann,http://a.example,ab"]
    trusted, verified, bad = read_list(write(tmp_path, "\n".join(lines)))
    assert isinstance(trusted, Row)
    assert trusted.sha256 is None
    assert isinstance(verified, Row)
    assert verified.sha256 == SHA
    assert isinstance(bad, BadRow)
    assert (bad.line, bad.problem) == (4, "sha256: expected 64 hexadecimal digits")


def test_facescrubs_form_with_one_empty_digest(tmp_path: Path) -> None:
    first, second = read_list(write(tmp_path, GOOD + GOOD.replace(SHA, "")))
    assert [getattr(row, "sha256", "") for row in (first, second)] == [SHA, None]


def test_a_quote_that_never_closes_spoils_its_line_only(tmp_path: Path) -> None:
    path = write(tmp_path, 'name,url\n"Ann,http://a.example\nBob,http://a.example\n')
    assert [type(row) for row in read_list(path)] == [BadRow, Row]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("name,url\n", "no row of it can be read"),
        ("not a list\nat all\n", "no row of it can be read"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "is binary"),
        (b"\0" * 500, "is binary"),
        (b"# only a comment\n", "no row of it can be read"),
        (b"sep=;\n", "no row of it can be read"),
        ("name,url,url\nAnn,http://a.example,http://b.example\n", "names the column 'url' twice"),
    ],
)
def test_what_is_no_list_is_refused_at_once(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(ListError, match=message) as caught:
        read_list(write(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_a_folder_and_a_missing_file_are_no_lists(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="is a folder"):
        read_list(tmp_path)
    with pytest.raises(ListError, match="is missing"):
        read_list(tmp_path / "none")


def test_a_list_is_read_as_it_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD * 50_000)
    assert len(list(itertools.islice(read_list(path), 3))) == 3
    assert count_rows(path) == 50_000


def test_selecting_keeps_the_others_as_unselected(tmp_path: Path) -> None:
    text = "name,url\n" + "".join(f"{name},http://a.example/{n}\n" for n, name in enumerate("abcabc"))
    path = write(tmp_path, text)
    picked = list(select(read_list(path), people=["a", "c"], limit=3))
    assert [item.name if isinstance(item, Row) else None for item in picked] == ["a", None, "c", "a", None, None]
    assert [item.row.number for item in picked if isinstance(item, Unselected)] == [2, 5, 6]


def test_selecting_nothing_in_particular_changes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + "bad\n")
    assert list(select(read_list(path))) == list(read_list(path))


def test_selecting_a_person_without_rows_is_an_error_after_the_others(tmp_path: Path) -> None:
    rows = select(read_list(write(tmp_path, GOOD)), people=["Alec Baldwin", "Alec Baldwn"])
    assert isinstance(next(rows), Row)
    with pytest.raises(UsageError, match="'Alec Baldwn'"):
        next(rows)


@settings(deadline=None)
@given(
    content=st.binary(max_size=400)
    | st.text(alphabet='\t\n\r",;:/.htpnameurlbox0123456789é\x00', max_size=400).map(str.encode)
)
def test_any_file_is_a_list_or_a_list_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = write(tmp_path_factory.getbasetemp(), content)
    try:
        rows = list(read_list(path))
    except ListError:
        return
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert any(isinstance(row, Row) for row in rows)


cells = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
said = st.tuples(
    st.lists(cells, min_size=1, max_size=3).map(" ".join),
    st.builds(
        "http://{}.example/{}".format, st.from_regex(r"[a-z]{1,9}", fullmatch=True), st.text("/?#=&%a1", max_size=9)
    ),
    st.builds(Box, *[st.integers(-99, 9999)] * 4),
    st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
)


@settings(deadline=None)
@given(st.lists(said, min_size=1, max_size=5), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_what_a_list_says_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, Box, str]], table: bool, end: str
) -> None:
    text = io.StringIO()
    if table:
        writer = csv.writer(text, lineterminator=end)
        writer.writerows([("sha256", "name", "more", "box", "url"), *((d, name, "", b, u) for name, u, b, d in rows)])
    else:
        text.write("".join(f"{name}\t1\t2\t{u}\t{b}\t{d}{end}" for name, u, b, d in rows))
    path = write(tmp_path_factory.getbasetemp(), text.getvalue())
    assert list(read_list(path)) == [Row(number, *row) for number, row in enumerate(rows, start=1)]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60).map(lambda line: line.translate(None, b"\0\r\n")), max_size=8))
def test_no_line_of_a_strangers_spoils_another(tmp_path_factory: pytest.TempPathFactory, strange: list[bytes]) -> None:
    lines = [GOOD.encode()]
    for line in strange:
        lines += [line + b"\n", GOOD.encode()]
    rows = list(read_list(write(tmp_path_factory.getbasetemp(), b"".join(lines))))
    assert sum(isinstance(row, Row) for row in rows) == len(strange) + 1


def test_facescrubs_own_list_has_no_bad_row(shared: Path) -> None:
    rows = list(read_list(shared / "facescrub" / "list.tsv"))
    assert len(rows) == 1492
    assert all(isinstance(row, Row) for row in rows)
