"""At a limit itself: as much as it says is still allowed, and one more is not."""

import gzip
import http.client
import io
from pathlib import Path

import pytest

from data.photos import images
from data.quality import ListWarnings, find_near_duplicates, near_duplicates
from data.reasons import Failure, Reason, StillPacked
from data.web import head, packing, robots
from data.web.robots import Robots


@pytest.mark.parametrize(("n", "reason"), [(9, None), (10, None), (11, Reason.TOO_LARGE)])
def test_bytes_of_a_photo(n: int, reason: Reason | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MOST_BYTES", 10)
    (tmp_path / "photo").write_bytes(b"x" * n)
    found = images.read_photo(tmp_path / "photo")
    assert (found.reason if isinstance(found, Failure) else None) == reason
    assert isinstance(found, Failure) or found == b"x" * n


@pytest.mark.parametrize("n", [1, 5, 6])
def test_codings_of_a_body(n: int) -> None:
    data = b"photo"
    for _ in range(n):
        data = gzip.compress(data)
    found = packing.unpacked(data, ",".join(["gzip"] * n), 1000)
    assert found == b"photo" if n <= 5 else isinstance(found, StillPacked) and found == data


@pytest.mark.parametrize("n", [1, 3, 4])
def test_members_of_a_gzip_file(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "_MOST_MEMBERS", 3)
    found = packing.unpacked(gzip.compress(b"x") * n, "gzip", 1000)
    assert found == b"x" * n if n <= 3 else isinstance(found, Failure) and found.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("step", [1, 7, 1 << 14])
def test_a_packing_is_undone_in_steps_of_any_size(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "_STEP", step)
    body = bytes(range(256)) * 3
    assert packing.unpacked(gzip.compress(body) + gzip.compress(b"more"), "gzip", 1000) == body + b"more"
    assert packing.unpacked(gzip.compress(body), "gzip", len(body)) == body
    assert isinstance(packing.unpacked(gzip.compress(body), "gzip", len(body) - 1), Failure)


def answer(*lines: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(b"".join(line + b"\r\n" for line in (b"HTTP/1.1 200 OK", *lines, b""))))


def test_length_of_a_header_line() -> None:
    longest = b"A: " + b"x" * (65_536 - 5)  # its end of line counts
    assert longest in head._read_head(answer(longest))
    with pytest.raises(http.client.LineTooLong):
        head._read_head(answer(longest + b"x"))


def test_number_of_header_lines_and_of_hints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head, "_MOST_LINES", 3)  # the blank one at the end among them
    assert b"B: 2" in head._read_head(answer(b"A: 1", b"B: 2"))
    with pytest.raises(http.client.HTTPException, match="more than 3 headers"):
        head._read_head(answer(b"A: 1", b"B: 2", b"C: 3"))
    monkeypatch.setattr(head, "_MOST_HINTS", 2)
    hint = b"HTTP/1.1 103 Early\r\n\r\n"
    for n in (0, 1):
        assert b"A: 1" in head._read_head(io.BufferedReader(io.BytesIO(hint * n + answer(b"A: 1").read())))
    with pytest.raises(http.client.HTTPException, match="more than 2 informational"):
        head._read_head(io.BufferedReader(io.BytesIO(hint * 2 + answer(b"A: 1").read())))


def test_hosts_whose_rules_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robots, "_MOST_HOSTS", 2)
    rules, asked = Robots(), list[str]()

    def get(url: str) -> bytes:
        asked.append(url)
        return b"User-agent: *\nDisallow: /no\n"

    for host in ("a", "b", "a", "b", "c", "c", "a"):
        assert rules.check(f"http://{host}/yes", get) is None
        assert rules.check(f"http://{host}/no", get) == Failure(Reason.OPT_OUT, "robots.txt")
    assert asked == [f"http://{host}/robots.txt" for host in ("a", "b", "c", "a")]


@pytest.mark.parametrize("n", [20, 21])
def test_warnings_that_are_written_out(n: int) -> None:
    warnings = ListWarnings()
    warnings.add(Reason.OK, "http://a/ok", "ok")
    for number in range(5 * n):
        warnings.add(Reason.HASH_MISMATCH, f"http://host{number // 5:02}/{number}", "ab")
    lines = warnings.warnings()
    assert len(lines) == n if n <= 20 else lines[-1].startswith("1 more hosts")
    assert len([line for line in lines if line.startswith("host")]) == 20


@pytest.mark.parametrize(("n", "groups"), [(3, 0), (4, 1)])
def test_crops_of_one_person_that_look_alike(n: int, groups: int) -> None:
    crops = [(5, "Ann", f"Ann/{number}.jpg") for number in range(n)]
    assert len(find_near_duplicates(lambda: iter(crops))) == groups
    two = [(5, "Ann", "Ann/1.jpg"), (5, "Bo", "Bo/1.jpg")]
    assert find_near_duplicates(lambda: iter(two)) == [(["Ann/1.jpg", "Bo/1.jpg"], True)]


def test_files_and_groups_that_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "MOST_FILES", 5)
    monkeypatch.setattr(near_duplicates, "MOST_GROUPS", 2)
    crops = [(shown << 100, "Ann", f"Ann/{shown}-{n}.jpg") for shown in (0x1FFFF, 0x1FFFF << 40, 0) for n in range(6)]
    listed = find_near_duplicates(lambda: iter(crops))
    assert [len(group.files) for group in listed] == [5, 5]
    assert [group.files[0] for group in listed] == sorted(
        f"Ann/{shown}-0.jpg" for shown in (0x1FFFF, 0x1FFFF << 40, 0)
    )[:2]
