"""Lists as spreadsheets, web pages and other data sets write them: each says what the plain one says."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.download import count_rows, read_list
from data.rows import BadRow, Box, Row
from errors import ListError

SHA, MD5 = "ab" * 32, "cd" * 16
ANN = Row(1, "Ann Lee", "http://a.example/1?x=1&y=2", Box(1, 2, 30, 40), SHA)


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "list.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def table(
    delimiter: str = ",", end: str = "\n", name: str = "Ann Lee", url: str = ANN.url, box: str = "1,2,30,40"
) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(
        [("name", "url", "box", "sha256"), (name, url, box, SHA)]
    )
    return text.getvalue()


# The file -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_between_columns_and_rows_stands_what_the_country_and_the_system_write(
    tmp_path: Path, delimiter: str, end: str
) -> None:
    path = write(tmp_path, table(delimiter, end))
    assert list(read_list(path)) == [ANN]
    assert count_rows(path) == 1


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;", "\ufeffsep=;"])
def test_excels_first_line_is_no_row(tmp_path: Path, first: str) -> None:
    assert list(read_list(write(tmp_path, f"{first}\r\n{table(';', box='1 2 30 40')}"))) == [ANN]


def test_excels_first_line_may_name_any_mark(tmp_path: Path) -> None:
    assert list(read_list(write(tmp_path, f"sep=^\n{table('^')}"))) == [ANN]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", ""),
        ("utf-16-le", "UTF-16-LE"),
        ("utf-16-be", "UTF-16-BE"),
        ("utf-32", ""),
        ("utf-32-le", "UTF-32-LE"),
        ("utf-32-be", "UTF-32-BE"),
        ("latin-1", "Windows-1252"),
        ("cp1252", "Windows-1252"),
    ],
)
@pytest.mark.parametrize("name", ["Renée Zellweger", "Björk Guðmundsdóttir"])
def test_the_encoding_is_found_and_what_was_assumed_is_said(
    tmp_path: Path, name: str, encoding: str, said: str
) -> None:
    warnings: list[str] = []
    plain = "".join(f"Bob,http://b.example/{number},,\n" for number in range(1000))
    path = write(tmp_path, ("name,url,box,sha256\n" + plain + table(name=name).partition("\n")[2]).encode(encoding))
    *_, last = read_list(path, warnings.append)
    assert (last.name, last.number) == (name, 1001)
    assert len(warnings) == bool(said)
    assert all(said in line and "\n" not in line for line in warnings)


def test_utf_16_of_the_other_order_by_its_mark(tmp_path: Path) -> None:
    assert list(read_list(write(tmp_path, b"\xfe\xff" + table().encode("utf-16-be")))) == [ANN]


def test_what_is_no_text_in_utf_16_spoils_its_row(tmp_path: Path) -> None:
    text = table(name="A\udc00") + table().partition("\n")[2]
    bad, good = read_list(write(tmp_path, b"\xff\xfe" + text.encode("utf-16-le", "surrogatepass")))
    assert isinstance(bad, BadRow)
    assert isinstance(good, Row)


# Its lines ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Name,URL,Box,SHA256",
        " name , url , box , sha-256 ",
        "Person,Image URL,Bounding Box,sha256sum",
        "NAME,Url,rect,SHA_256",
        "identity,link,b_box,sha256",
        "Subject-Name,image_link,Bounding-Box,sha256",
        "label,SRC,box,sha256",
        "# Full_Name,photo url,box,sha256",
    ],
)
def test_titles_are_read_without_case_spaces_and_marks(tmp_path: Path, header: str) -> None:
    assert list(read_list(write(tmp_path, header + "\n" + table().partition("\n")[2]))) == [ANN]


def test_the_better_of_two_titles_wins(tmp_path: Path) -> None:
    (row,) = read_list(write(tmp_path, "person,name,url\nX,Ann,http://a.example\n"))
    assert row.name == "Ann"


@pytest.mark.parametrize("end", ["", ",", ",,,", ', ,"",'])
def test_blank_columns_at_the_end_and_a_missing_last_cell(tmp_path: Path, end: str) -> None:
    (row,) = read_list(write(tmp_path, f"name,url,box,sha256{end}\nAnn,http://a.example{end}\n{end}\n"))
    assert row == Row(1, "Ann", "http://a.example", None, None)


def test_a_cell_may_go_on_in_the_next_line_and_numbers_stay_those_of_the_file(tmp_path: Path) -> None:
    lines = [
        "note,name,url",
        '"one,',
        "",
        'two","Ann',
        'Lee","http://a.example/',
        '1.jpg"',
        "x,Bob,ftp://b",
        "x,Cid,http://c",
    ]
    ann, bob, cid = read_list(write(tmp_path, "\n".join(lines)))
    assert ann == Row(1, "Ann Lee", "http://a.example/1.jpg", None, None)
    assert isinstance(bob, BadRow)
    assert (bob.number, bob.line) == (2, 7)
    assert cid.number == 3


def test_a_quote_that_never_closes_swallows_no_row(tmp_path: Path) -> None:
    rows = list(read_list(write(tmp_path, 'name,url\n"Ann,http://a\nBob,http://b\n"Cid,http://c\nDan,"http://d"\n')))
    assert [(row.number, row.name, type(row)) for row in rows] == [
        (1, "Ann", BadRow),
        (2, "Bob", Row),
        (3, "Cid", BadRow),
        (4, "Dan", Row),
    ]


def test_a_line_above_the_header_is_a_row_that_cannot_be_read(tmp_path: Path) -> None:
    bad, good = read_list(write(tmp_path, "Export of 2014\n" + table()))
    assert isinstance(bad, BadRow)
    assert good == Row(2, *[getattr(ANN, column) for column in ("name", "url", "box", "sha256")])


@pytest.mark.parametrize(
    "header", ["#\tperson\timagenum\turl\trect\tmd5sum\n", "# person\timagenum\turl\trect\tmd5sum\n", ""]
)
def test_pubfigs_form(tmp_path: Path, header: str) -> None:
    row = f"Ann Lee\t1\thttp://a.example/1?x=1&y=2\t1,2,30,40\t{MD5}\n"
    path = write(tmp_path, f"# PubFig Dataset v1.2 - dev_urls.txt\n{header}{row}{row}")
    assert list(read_list(path)) == [Row(n, ANN.name, ANN.url, ANN.box, None, MD5) for n in (1, 2)]


@pytest.mark.parametrize(("delimiter", "box"), [(",", '"1,2,30,40"'), (";", "1,2,30,40"), ("\t", '"1,2,30,40"')])
def test_facescrubs_form_as_a_spreadsheet_saves_it(tmp_path: Path, delimiter: str, box: str) -> None:
    line = delimiter.join(["Ann Lee", "1", "2", ANN.url, box, SHA])
    assert list(read_list(write(tmp_path, line + "\r\n"))) == [ANN]


def test_a_table_may_have_both_digests(tmp_path: Path) -> None:
    text = f"name,url,md5,sha256\nAnn,http://a,{MD5.upper()},{SHA}\nAnn,http://a,,\nAnn,http://a,{SHA},\n"
    both, none, bad = read_list(write(tmp_path, text))
    assert both == Row(1, "Ann", "http://a", None, SHA, MD5)
    assert none == Row(2, "Ann", "http://a", None, None)
    assert isinstance(bad, BadRow)
    assert bad.problem == "md5: expected 32 hexadecimal digits"


# Names that are not in it -------------------------------------------------------------------------------------------


URLS = [f"http://a.example/{n}.jpg" for n in range(3)]
NAMELESS = {
    "URLs alone": "\n".join(URLS),
    "in quotes": "\r\n".join(f'"{url}"' for url in URLS),
    "with blank columns": "\n".join(f" {url} ,,;" for url in URLS),
    "under a comment": "\n".join(["# all of Ann", *URLS]),
    "under a title": "\n".join(["URL", *URLS]),
    "in a table": "\n".join(["sha256;image link", *(f";{url}" for url in URLS)]),
}


@pytest.mark.parametrize("text", NAMELESS.values(), ids=NAMELESS)
def test_urls_without_names_are_a_list_of_the_one_person_asked_for(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    assert list(read_list(path, people=["Ann Lee"])) == [
        Row(n, "Ann Lee", url, None, None) for n, url in enumerate(URLS, 1)
    ]
    assert count_rows(path, ["Ann Lee"]) == 3
    for people in (None, ["Ann", "Bob"]):
        with pytest.raises(ListError, match="--person NAME") as caught:
            read_list(path, people=people)
        assert "\n" not in str(caught.value)
    with pytest.raises(ListError, match="--person gives none: name: empty"):
        read_list(path, people=[" "])


@pytest.mark.parametrize("bad", ["ftp://a.example/1", "no URL"])
def test_a_line_that_is_no_url_is_a_bad_row_of_that_person(tmp_path: Path, bad: str) -> None:
    first, second, third = read_list(write(tmp_path, f"{URLS[0]}\n{bad}\n{URLS[1]},x\n"), people=["Ann"])
    assert (first.name, third.name) == ("Ann", "Ann")
    assert isinstance(second, BadRow)
    assert (second.line, second.name) == (2, "Ann")


@pytest.mark.parametrize("form", [table(), "\t".join(["Ann Lee", "1", "2", ANN.url, "1,2,30,40", SHA])])
def test_a_url_above_a_list_with_names_takes_no_name_from_it(tmp_path: Path, form: str) -> None:
    bad, good = read_list(write(tmp_path, f"{URLS[0]}\n{form}"), people=["Ann Lee"])
    assert isinstance(bad, BadRow)
    assert good.name == "Ann Lee"


@pytest.mark.parametrize(
    ("people", "limit", "rows"), [(["Ann"], None, 2), (["Ann", "Bob"], 2, 2), (None, 9, 3), (None, 1, 1)]
)
def test_rows_are_counted_as_they_are_asked_for(
    tmp_path: Path, people: list[str] | None, limit: int | None, rows: int
) -> None:
    path = write(tmp_path, "name,url\nAnn,http://a\nBob,http://b\nAnn,ftp://c\n")
    assert count_rows(path, people, limit) == rows


# Why none can be read -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "reasons"),
    [
        (
            ["Ann,http://a,,ab", "", "Bob,http://b,,cd", "Cid,http://c,,ef"] + ["Dan,http://d,,0"] * 2000,
            "line 2: sha256: expected 64 hexadecimal digits; line 4: sha256: expected 64 hexadecimal digits; "
            "line 5: sha256: expected 64 hexadecimal digits; and 2,000 more rows",
        ),
        (["Ann,ftp://a,,"] * 4, "line 2: url: expected http://... or https://... with a host; line 3: url: "),
        (
            ["Ann,http://a,1.8E+11,", ",http://b,,"],
            "turned into a number by a spreadsheet; export the column as text; line 3: name: empty",
        ),
        (["Ann"], "line 2: expected 4 columns, got 1"),
    ],
)
def test_of_a_list_of_bad_rows_the_first_reasons_are_given(tmp_path: Path, rows: list[str], reasons: str) -> None:
    path = write(tmp_path, "\n".join(["name,url,box,sha256", *rows]))
    with pytest.raises(ListError) as caught:
        read_list(path)
    assert str(caught.value).startswith(f"{path}: no row of it can be read: line 2: ")
    assert reasons in str(caught.value)
    assert "header" not in str(caught.value)
    assert str(caught.value).count(": expected ") <= 3


def test_rows_of_no_known_form_are_told_the_forms_too(tmp_path: Path) -> None:
    for line in (f"Ann,{URLS[0]}", f"Ann\t1\t2\t{URLS[0]}\t1,2,3,4\tabc"):
        with pytest.raises(ListError, match=r"line 1: .*; line 2: .*; expected FaceScrub's six") as caught:
            read_list(write(tmp_path, f"{line}\n{line}\n"))
        assert "more row" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "quoted"),
    [
        ("Wer,Bild", "columns: Wer, Bild; needed: name, url"),
        ("name;Bild;box", "columns: name, Bild, box; needed: name, url"),
        ("Person\tWhere it is", "columns: Person, Where it is; needed: name, url"),
        ('"Wer, genau"|Bild', "columns: Wer, genau, Bild; needed: name, url"),
        ("url,url", "columns: url, url; needed: name, url"),
        ("Wer,url", "columns: Wer, url; needed: name, url"),
    ],
)
def test_a_header_that_is_not_understood_is_quoted(tmp_path: Path, header: str, quoted: str) -> None:
    for people in (None, ["Ann"]):  # a column that is not understood may be that of the names
        with pytest.raises(ListError) as caught:
            read_list(write(tmp_path, f"{header}\nAnn,http://a.example\nBob,http://b.example\n"), people=people)
        assert quoted in str(caught.value)
        assert "line" not in str(caught.value).partition(quoted)[0]


# Its cells ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Ann\u00a0Lee",
        "\u200bAnn Lee\ufeff",
        "An\u00adn Lee",
        "\u202aAnn\u3000Lee\u202c",
        "Ann&nbsp;Lee",
        "Ann Lee\u200d",
        "&#65;nn Lee",
    ],
)
def test_nobody_sees_these_characters_in_a_name(tmp_path: Path, name: str) -> None:
    assert list(read_list(write(tmp_path, table(name=name)))) == [ANN]


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/1?x=1&amp;y=2",
        "http://a.example/1?x=1&amp;amp;y=2",
        "http://a.example/1?x=1&#38;y=2",
        "http://a.example/1?x=1&#x26;y=2",
        "\u00a0http://a.example/1?x=1&y=2\u200b",
        "http://a.ex\u00adample/1?x=1&y=2",
        "\ufeffhttp://a.example/1?x=\t1&y=2",
        "http://a.example/\n1?x=1&y=2",
        "http://bob:secret@a.example/1?x=1&y=2",
    ],
)
def test_nobody_sees_these_characters_in_a_url(tmp_path: Path, url: str) -> None:
    assert list(read_list(write(tmp_path, table(url=url)))) == [ANN]


@pytest.mark.parametrize("path", ["a%7Eb?sig=%7e", "~?x=1&copy=2&lt=3", "?a=&eacute;", "?a=&#10;b"])
def test_what_may_be_part_of_a_url_stays(tmp_path: Path, path: str) -> None:
    (row,) = read_list(write(tmp_path, table(url=f"http://a.example/{path}")))
    assert row.url == f"http://a.example/{path}"


@pytest.mark.parametrize(
    "box",
    [
        *("1 2 30 40", "1, 2, 30, 40", "1;2;30;40", "1|2|30|40", "[1, 2, 30, 40]", "(1 2 30 40)", "'1,2,30,40'"),
        *("1.0,2.0,30.0,40.0", "1,0;2,0;30,0;40,0", "1,2,30,40.", "\u00a01,\u200b2,30,40", '="1,2,30,40"'),
    ],
)
def test_a_box_is_understood_as_programs_write_it(tmp_path: Path, box: str) -> None:
    assert list(read_list(write(tmp_path, table(box=box)))) == [ANN]


@pytest.mark.parametrize(
    ("box", "what"),
    [
        ("1.83163E+11", "turned into a number"),
        ("1,83E+11", "turned into a number"),
        ("183163450785", "turned into a number"),
        ("183.163.450.785", "turned into a number"),
        ("2012-03-04", "turned into a date"),
        ("01/02/2003", "turned into a date"),
        ("12. Jan 34", "turned into a date"),
        ("12:34:56", "turned into a date"),
        ("#######", "could not show the box"),
        ("#NAME?", "could not show the box"),
        ("12.5,34.25,50.0,60", "fractions of pixels"),
        ("12,0,34,0,50,0,60,0", "decimal commas"),
        ("1,2,3", "whole pixels"),
    ],
)
def test_of_a_box_that_a_spreadsheet_destroyed_is_said_what_happened(tmp_path: Path, box: str, what: str) -> None:
    good = table().partition("\n")[2]
    bad, *_ = read_list(write(tmp_path, table(box=box) + good))
    assert isinstance(bad, BadRow)
    assert bad.problem.startswith("box: expected x1,y1,x2,y2 in whole pixels")
    assert what in bad.problem
    assert (bad.name, bad.url) == (ANN.name, ANN.url)


# What cannot be read --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "name", "url"),
    [
        ("Ann,file:///etc/hostname,,", "Ann", "file:///etc/hostname"),
        ("Ann,ftp://127.0.0.1/x.jpg,,", "Ann", "ftp://127.0.0.1/x.jpg"),
        ("Ann,ftp://bob:secret@host/x.jpg,,", "Ann", "ftp://host/x.jpg"),
        ("Ann,n/a,,", "Ann", "n/a"),
        (",http://a.example,,", None, "http://a.example"),
        ("Ann,1,2,3,4,http://a.example", "Ann", "http://a.example"),
        ('"Ann,http://a.example', "Ann", "http://a.example"),
        ("Ann", None, None),
        ("http://a.example", None, "http://a.example"),
        ("An\x07n,http://a.example,,", "An?n", "http://a.example"),
    ],
)
def test_of_a_bad_row_name_and_url_are_kept_as_far_as_they_can_be_read(
    tmp_path: Path, line: str, name: str | None, url: str | None
) -> None:
    bad, _ = read_list(write(tmp_path, f"name,url,box,sha256\n{line}\nBob,http://b.example,,\n"))
    assert isinstance(bad, BadRow)
    assert (bad.name, bad.url) == (name, url)


pieces = st.sampled_from(
    [
        *(
            "\t",
            "\n",
            "\r",
            '"',
            ",",
            ";",
            "|",
            "#",
            "=",
            "&",
            ":",
            "/",
            ".",
            "[",
            "é",
            "\u200b",
            "\xa0",
            "\0",
            "\ud800",
        ),
        *("name", "url", "box", "sha256", "md5", "sep=;", "http://a.example/", "1,2,3,4", "&amp;", SHA, MD5, "1.8E+11"),
    ]
)


@settings(deadline=None)
@given(
    st.lists(pieces, max_size=60).map("".join),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252", "mac-roman"]),
    st.integers(0, 3),
)
def test_any_text_in_any_encoding_is_a_list_or_a_list_error(
    tmp_path_factory: pytest.TempPathFactory, text: str, encoding: str, cut: int
) -> None:
    wide = encoding.startswith("utf")
    data = text.encode(encoding, "surrogatepass" if wide else "replace")
    path = write(tmp_path_factory.getbasetemp(), data[: len(data) - cut])
    try:
        rows = list(read_list(path))
    except ListError:
        return
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))


words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12).filter(
    lambda word: ";" not in word
)


@settings(deadline=None)
@given(
    st.lists(st.lists(words, min_size=1, max_size=3).map(" ".join), min_size=1, max_size=4),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"]),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_any_name_is_read_as_it_is_written(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], encoding: str, delimiter: str, end: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerow(("name", "url", "box", "sha256"))
    writer.writerows((name, f"http://a.example/{n}/and/a/longer/path", "1,2,3,4", SHA) for n, name in enumerate(names))
    path = write(tmp_path_factory.getbasetemp(), text.getvalue().encode(encoding))
    assert [row.name for row in read_list(path)] == names


@pytest.mark.parametrize(
    ("lines", "name", "url"),
    [
        ('"Ann\nLee",http://a/1"2.jpg', "Ann Lee", 'http://a/1"2.jpg'),  # an odd number of quotes, and none is open
        ('"Ann\nLee","http://a/1.jpg"', "Ann Lee", "http://a/1.jpg"),
        ('"Ann ""A""\nLee",http://a/1.jpg', 'Ann "A" Lee', "http://a/1.jpg"),
    ],
)
def test_a_row_ends_where_its_quotes_do(tmp_path: Path, lines: str, name: str, url: str) -> None:
    first, second = read_list(write(tmp_path, f"name,url\n{lines}\nBob,http://b\n"))
    assert (first.name, first.url, second.name) == (name, url, "Bob")
