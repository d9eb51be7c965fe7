"""What the page's server answers to requests, and to whom: a browser's, a stranger's, broken ones."""

import http.client
import io
import json
import os
import signal
import socket
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

Serve = Callable[..., Any]
Heap = Callable[..., Path]
GETS = ("/", "/worst", "/state", "/groups/1", "/crops/1", "/report", "/page.css", "/static/name.js")
POSTS = ("/steps", "/undo", "/redo", "/train")
NAMES = [
    "..",
    "a/b",
    "a\\b",
    "CON",
    "x" * 200,
    "😀 Smile",
    "Ada \u202e evol",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "unsorted",
    "group-001",
    "not-faces",
    "strangers",
    ".hidden",
    "a.",
    "tab\tand\nline",
    "nul\0inside",
    "\x1b[31mred",
]


@pytest.fixture(scope="module")
def served(serve: Serve, heap_of_module: Heap) -> Any:
    """A server that no test changes anything of."""
    return serve(heap_of_module([4, 3, 2], unsorted=3))


@pytest.fixture(scope="module")
def changing(serve: Serve, heap_of_module: Heap) -> Any:
    """A server whose groups tests change."""
    folder = heap_of_module([3] * 30, unsorted=3)
    server = serve(folder)
    server.folder = folder
    return server


def unnamed(server: Any) -> Any:
    """The card of a group that has no name yet."""
    return next(card for card in server.state()["cards"] if card["kind"] == "person" and card["name"] is None)


def steps(server: Any) -> Any:
    return server.state()["undo"]


def test_it_listens_on_this_machine_alone(served: Any) -> None:
    assert served.link.startswith(f"http://127.0.0.1:{served.port}/?token=")
    assert len(served.token) >= 32
    with socket.socket() as probe:
        probe.settimeout(1)
        own = socket.gethostbyname(socket.gethostname())
        if not own.startswith("127."):
            assert probe.connect_ex((own, served.port))


def test_the_link_becomes_a_cookie_and_its_token_leaves_the_address(served: Any) -> None:
    answer = served.ask("GET", f"/?token={served.token}", cookie=None)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert f"faces-{served.port}={served.token}".lower() in cookie
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    deeper = served.ask("GET", f"/worst?photo=ab&token={served.token}", cookie=None)
    assert deeper.headers["location"] == "/worst?photo=ab"


@pytest.mark.parametrize("path", ["//evil.example/", "///evil.example", "/%5cevil.example", "//evil.example/%2e%2e"])
def test_the_link_leads_nowhere_else(served: Any, path: str) -> None:
    location = served.ask("GET", f"{path}?token={served.token}", cookie=None).headers.get("location", "/")
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("cookie", [None, "", "faces-1=x", "{name}=", "{name}=wrong", "{name}=ä"])
def test_without_the_token_nothing_is_answered(served: Any, path: str, cookie: str | None) -> None:
    sent = cookie and cookie.format(name=f"faces-{served.port}")
    answer = served.ask("GET", path, cookie=sent)
    assert answer.status == 403
    assert b"open the link" in answer.body


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "0.0.0.0:{port}", "[::1]:{port}", ""]
)
def test_another_host_is_refused(served: Any, host: str) -> None:
    """A name of the web that leads to this machine (DNS rebinding) has its own pages as origin: they get nothing."""
    sent = host.format(port=served.port)
    for method, path in (("GET", "/state"), ("POST", "/steps"), ("GET", f"/?token={served.token}")):
        answer = served.ask(method, path, {}, host=sent, origin=f"http://{sent}")
        assert answer.status == 403
        assert b"another host" in answer.body


@pytest.mark.parametrize(
    "origin", ["null", "https://evil.example", "http://127.0.0.1", "http://127.0.0.1:1", "https://127.0.0.1:{port}"]
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/state"), ("OPTIONS", "/steps"), *(("POST", p) for p in POSTS)])
def test_another_origin_is_refused(served: Any, origin: str, method: str, path: str) -> None:
    answer = served.ask(method, path, {}, origin=origin.format(port=served.port))
    assert answer.status == 403
    assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize("path", POSTS)
def test_a_change_needs_an_origin_and_json(served: Any, path: str) -> None:
    """Forms of other pages can send neither."""
    assert served.ask("POST", path, {}, origin=None).status == 403
    for kind in (None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        assert served.ask("POST", path, {}, content_type=kind).status == 415
    assert (
        served.ask("POST", path, b"", content_type="application/json; charset=utf-8").status == 400 or path == "/train"
    )


@pytest.mark.parametrize("path", ["/", "/state", "/static/name.js", "/crops/1", "/nowhere"])
def test_nothing_may_be_kept_framed_or_read_by_another_page(served: Any, path: str) -> None:
    headers = served.ask("GET", path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert ("no-store" in headers["cache-control"]) == (path != "/crops/1")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *(("POST", path, 405) for path in GETS),
        *(("GET", path, 405) for path in POSTS),
        *((method, "/state", 405) for method in ("PUT", "DELETE", "PATCH", "OPTIONS")),
        ("HEAD", "/state", 200),
        ("GET", "/nowhere", 404),
    ],
)
def test_other_methods(served: Any, method: str, path: str, status: int) -> None:
    assert served.ask(method, path, {} if method == "POST" else None).status == status


@pytest.mark.parametrize(
    "path",
    [
        "/static/../serving.py",
        "/static/%2e%2e/serving.py",
        "/static/..%2fserving.py",
        "/static/..%5cserving.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/",
        "/crops/../groups.sqlite",
        "/crops/%2e%2e%2fgroups.sqlite",
        "/crops/..",
        "/crops/-1",
        "/crops/1.5",
        "/crops/0x1",
        "/crops/%D9%A1",  # a digit of another script
        "/crops/" + "9" * 30,
        "/crops/" + "9" * 5000,
        "/crops/99999",
        "/groups/..",
        "/groups/1%00",
        "/groups/" + "9" * 30,
        "/groups/99999",
        "/groups.sqlite",
        "/unsorted/010.png",
    ],
)
def test_nothing_but_crops_by_number_is_read(served: Any, path: str) -> None:
    answer = served.ask("GET", path)
    assert answer.status in {400, 404, 409}
    assert b"SQLite" not in answer.body
    assert b"Traceback" not in answer.body


@pytest.mark.parametrize(
    "query", ["known=..", "known=x.1", "known=" + "9" * 5000, "worst=../..", "known=%00", "known=%C2%B2"]
)
def test_a_state_is_answered_whatever_the_page_knows(served: Any, query: str) -> None:
    answer = served.ask("GET", f"/state?{query}")
    assert answer.status == 200
    assert answer.json["cards"] is not None


def test_a_state_says_what_has_changed_since(changing: Any) -> None:
    before = changing.state()
    assert changing.ask("GET", f"/state?known={before['stamp']}").json["cards"] is None
    card = unnamed(changing)
    changing.decide(do="name", group=card["group"], name="Only one")
    after = changing.ask("GET", f"/state?known={before['stamp']}").json["cards"]
    assert [one["id"] for one in after if "group" in one] == [card["id"]]
    assert len(after) == len(before["cards"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"name"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"do": "name"}',
        b'{"do": "name", "group": 1, "name": "Ada"}',  # seen is missing
        b'{"do": "name", "group": 1, "name": "Ada", "seen": [1]}',
        b'{"do": "name", "group": 1, "name": "Ada", "seen": {"x": 1}}',
        b'{"do": "name", "group": 1, "name": "Ada", "seen": {"1": null}}',
        b'{"do": "name", "group": 1, "name": "Ada", "seen": {"1": 1e999}}',
        b'{"do": "name", "group": 1, "name": "Ada", "seen": {"1": NaN}}',
        b'{"do": "name", "group": 1, "name": "Ada", "seen": {"' + b"9" * 40 + b'": 1}}',
        b'{"do": "name", "group": ' + b"9" * 40 + b', "name": "Ada", "seen": {}}',
        b'{"do": "name", "group": -' + b"9" * 40 + b', "name": "Ada", "seen": {}}',
        b'{"do": "name", "group": ' + b"9" * 5000 + b', "name": "Ada", "seen": {}}',
        b'{"do": "name", "group": true, "name": "Ada", "seen": {}}',
        b'{"do": "name", "group": "../1", "name": "Ada", "seen": {}}',
        b'{"do": "name", "group": 1.0, "name": "Ada", "seen": {}}',
        b'{"do": "name", "group": null, "name": "Ada", "seen": {}}',
        b'{"do": "name", "group": 99999, "name": "Ada", "seen": {}}',
        b'{"do": "name", "group": 1, "name": null, "seen": {}}',
        b'{"do": "name", "group": 1, "name": ["Ada"], "seen": {}}',
        b'{"do": "name", "group": 1, "name": {"..": 1}, "seen": {}}',
        b'{"do": "name", "group": 1, "name": "\\ud800", "seen": {}}',
        b'{"do": "name", "group": 1, "name": "", "seen": {}}',
        b'{"do": "name", "group": 1, "name": " \\t\\u00a0\\u2003 ", "seen": {}}',
        b'{"do": "name", "group": 1, "name": "' + b"x" * 1000 + b'", "seen": {}}',
        b'{"do": "name", "faces": [], "name": "Ada", "seen": {}}',
        b'{"do": "name", "faces": [1, "2"], "name": "Ada", "seen": {}}',
        b'{"do": "name", "faces": [[1]], "name": "Ada", "seen": {}}',
        b'{"do": "name", "faces": [99999], "name": "Ada", "seen": {}}',
        b'{"do": "name", "faces": [-1], "name": "Ada", "seen": {}}',
        b'{"do": "split", "faces": "..", "seen": {}}',
        b'{"do": "merge", "groups": [1, 99999], "seen": {}}',
        b'{"do": "merge", "groups": "..", "seen": {}}',
        b'{"do": "../../etc/passwd", "faces": [1], "seen": {}}',
        b'{"do": ["name"], "faces": [1], "seen": {}}',
        b'{"do": {"a": 1}, "faces": [1], "seen": {}}',
        b'{"do": null, "faces": [1], "seen": {}}',
        b'{"do": "reject", "faces": [1], "name": "", "seen": {}}',
    ],
    ids=lambda body: body[:90].decode(errors="replace"),
)
def test_what_is_no_decision_changes_nothing_and_is_answered_in_a_line(served: Any, body: bytes) -> None:
    before = served.state()
    answer = served.ask("POST", "/steps", body)
    assert answer.status in {400, 409}
    error = answer.json["error"]
    assert error
    assert "\n" not in error
    assert served.state() == before


@pytest.mark.parametrize("path", ["/undo", "/redo"])
@pytest.mark.parametrize("number", [None, "1", "..", 1, -1, 0, 2.5, True, 10**30, [1]])
def test_undo_of_what_is_not_the_last_step_is_refused(served: Any, path: str, number: Any) -> None:
    assert served.ask("POST", path, {"number": number}).status in {400, 409}
    assert steps(served) is None


def test_a_request_that_is_too_large_is_refused(served: Any) -> None:
    answer = served.ask("POST", "/steps", b'{"do": "' + b"x" * (1 << 20) + b'"}')
    assert (answer.status, "bytes" in answer.json["error"]) == (400, True)
    assert served.state()["cards"]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name_stays_within_the_folder_and_comes_back_as_text(changing: Any, name: str) -> None:
    outside = sorted(changing.folder.parent.iterdir())
    card = unnamed(changing)
    answer = changing.decide(do="name", group=card["group"], name=name)
    assert answer.status == 200, answer.body
    named = next(one for one in answer.json["state"]["cards"] if one["group"] == card["group"])
    assert named["name"].isprintable()
    before, end = changing.folder / f"group-{card['group']:03}", time.monotonic() + 10
    while (
        before in (folders := folders_of(changing, card)) or not folders
    ):  # the crops follow a moment later, one by one
        assert time.monotonic() < end
        time.sleep(0.05)
    (folder,) = folders
    assert folder.parent == changing.folder
    assert folder.name not in {"unsorted", "not-faces", "strangers", "group-001"}
    assert sorted(changing.folder.parent.iterdir()) == outside
    assert changing.ask("GET", f"/crops/{card['faces'][0]['face']}").status == 200


def folders_of(served: Any, card: Any) -> set[Path]:
    """Return the folders that hold a crop of the card, as it was seen."""
    names = {Path(face["file"]).name for face in card["faces"]}
    return {path.parent for path in served.folder.rglob("*.png") if path.name in names}


@pytest.mark.parametrize(
    ("first", "second"), [("Émile Zola", "E\u0301MILE  zola"), ("Straße", "STRASSE"), ("Ann  Lee", " ann lee ")]
)
def test_spellings_of_one_name_are_one_person(changing: Any, first: str, second: str) -> None:
    one, other = unnamed(changing), None
    changing.decide(do="name", group=one["group"], name=first)
    other = unnamed(changing)
    cards = changing.decide(do="name", group=other["group"], name=second).json["state"]["cards"]
    (person,) = (card for card in cards if card["id"] in {one["id"], other["id"]})
    assert person["n"] == one["n"] + other["n"]


def test_a_decision_about_what_has_changed_meanwhile_is_refused(changing: Any) -> None:
    card = unnamed(changing)
    seen = {card["group"]: card["version"]}
    assert changing.decide(do="name", group=card["group"], name="First tab", seen=seen).status == 200
    second = changing.decide(do="name", group=card["group"], name="Second tab", seen=seen)
    assert second.status == 409
    assert "another window" in second.json["error"]


def test_a_step_is_there_after_a_kill(serve: Serve, heap: Heap) -> None:
    folder = heap([3, 2])
    server = serve(folder)
    card = unnamed(server)
    assert server.decide(do="name", group=card["group"], name="Ada").status == 200
    server.end(signal.SIGKILL)
    with sqlite3.connect(folder / "groups.sqlite") as database:
        assert database.execute("SELECT name FROM groups WHERE name IS NOT NULL").fetchall() == [("Ada",)]
    database.close()
    again = serve(folder)
    state = again.state()
    assert [one["name"] for one in state["cards"]] == [None, "Ada"]
    assert len(list((folder / "Ada").iterdir())) == 3  # its crops have followed
    assert again.ask("POST", "/undo", {"number": state["undo"]["number"]}).status == 200
    code, said = again.end(signal.SIGINT)
    assert code == 130
    assert "every decision is in" in said
    assert "Traceback" not in said
    assert len(list((folder / "group-001").iterdir())) == 3


def test_the_link_of_an_earlier_start_is_refused(serve: Serve, heap: Heap) -> None:
    folder = heap([2])
    first = serve(folder)
    first.end(signal.SIGKILL)
    second = serve(folder)
    assert second.ask("GET", "/state", cookie=f"faces-{second.port}={first.token}").status == 403


def test_slow_and_broken_clients_hold_up_nobody(served: Any) -> None:
    head = f"POST /steps HTTP/1.1\r\nHost: {served.host}\r\nOrigin: http://{served.host}\r\n"
    head += (
        f"Cookie: faces-{served.port}={served.token}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
    )
    begun = [b"", b"GET / HT", b"\x16\x03\x01\x02", head.encode(), head.encode() + b'{"do"']
    sockets = []
    for data in begun * 12:
        one = socket.create_connection(("127.0.0.1", served.port))
        one.sendall(data)
        sockets.append(one)
    started = time.monotonic()
    assert served.state()["cards"]
    assert time.monotonic() - started < 5
    for one in sockets:
        one.close()
    assert served.state()["cards"]


def test_a_web_socket_is_no_way_round_the_guard(served: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=5)
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AA==",
    }
    connection.request("GET", "/state", headers=upgrade | {"Origin": "http://evil.example"})
    assert connection.getresponse().status == 403
    connection.close()


def test_crops_are_pictures_of_the_folder_and_nothing_else(serve: Serve, heap: Heap, tmp_path: Path) -> None:
    folder = heap([8])
    group = folder / "group-001"
    secret = tmp_path / "secret.png"
    Image.new("RGB", (9, 9), "red").save(secret)
    server = serve(folder)
    svg = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
    replacements: list[Callable[[Path], object]] = [
        lambda path: path.symlink_to(secret),
        lambda path: path.symlink_to(path),
        lambda path: path.mkdir(),
        lambda path: os.mkfifo(path),
        lambda path: path.write_text("<script>alert(1)</script>"),
        lambda path: path.write_text(svg),
    ]
    for number, make in enumerate(replacements, 1):
        path = group / f"{number:03}.png"
        path.unlink()
        make(path)
    assert [server.ask("GET", f"/crops/{number}").status for number in range(1, 9)] == [404] * 6 + [200] * 2


def test_whole_photos_are_shown_small_and_upright(serve: Serve, heap: Heap) -> None:
    folder = heap([2])
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "Camera"
    photo = io.BytesIO()
    Image.effect_noise((2400, 1200), 90).convert("RGB").save(photo, "JPEG", exif=exif, quality=95)
    (folder / "group-001" / "photo.jpg").write_bytes(photo.getvalue())
    Image.new("RGB", (3000, 3000)).save(folder / "group-001" / "wide.tif", compression="tiff_lzw")
    server = serve(folder)
    found = {face["file"].rpartition("/")[2]: face["face"] for face in server.ask("GET", "/groups/1").json["faces"]}
    for name, size in (("photo.jpg", (240, 480)), ("wide.tif", (480, 480))):
        answer = server.ask("GET", f"/crops/{found[name]}")
        assert answer.headers["content-type"] == "image/jpeg"
        with Image.open(io.BytesIO(answer.body)) as picture:
            assert picture.size == size
            assert not picture.getexif()


def test_the_program_says_in_a_line_what_it_cannot_serve(serve: Serve, heap: Heap, tmp_path: Path) -> None:
    def refused(*arguments: object) -> str:
        with pytest.raises(AssertionError) as error:
            serve(*arguments)
        said = str(error.value).partition("\nassert")[0]
        assert "Traceback" not in said
        return said

    folder = heap([2])
    assert "is not a folder" in refused(tmp_path / "nowhere")
    assert "--run RUN" in refused(folder, "--worst")
    serve(folder)
    assert "another process is working on the groups" in refused(folder)


def test_a_stranger_s_names_in_the_database_are_shown_as_text(serve: Serve, heap: Heap) -> None:
    folder = heap([2])
    with sqlite3.connect(folder / "groups.sqlite") as database:
        database.execute(
            "UPDATE groups SET name = ?1, key = ?1, folder = 'a face', folded = 'a face' WHERE number = 1",
            ("<img src=x onerror=alert(1)>",),
        )
        database.execute("UPDATE faces SET file = '../../<b>\"' WHERE number = 1")
    database.close()
    answer = serve(folder).ask("GET", "/state")
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.body)["cards"][0]["name"] == "<img src=x onerror=alert(1)>"
