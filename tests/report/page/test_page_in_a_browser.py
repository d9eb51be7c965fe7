"""The page of a run in headless Chromium: its pictures load, it fetches nothing, and it fits a phone.

A small server hands out the page and a frame page, which holds it in frames of a phone's and a desk's width, looks into
them when all has loaded and writes down what it saw. One frame holds a page with planted flaws: the control.
"""

import html
import io
import json
import re
import subprocess
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from report.figures.acceptance import acceptance_picture
from report.figures.confusion import confusion_picture
from report.figures.curves import learning_curve
from report.figures.reliability import reliability_picture
from report.page import (
    Accepted,
    Accuracy,
    Answer,
    Calibration,
    DownloadReport,
    Page,
    Unit,
    Units,
    Unknown,
    photo_jpeg,
    render,
)
from report.reliability import reliability
from report.results import ClassAccuracy, ConfusedPair

NAMES = ["Ann", "Wolfeschlegelsteinhausenbergerdorffwelchevoraltern", "<script>document.title = 'ran'</script>"]
TITLE = "Three people " + "y" * 60
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
WIDTHS = {"phone": 375, "desk": 1280, "unlocked": 375, "flawed": 375}  # name of a frame -> its width in CSS pixels
FLAWS = "<img src='data:image/png;base64,AAAA'><img src='/outside.png'><p style='width: 600px'>wide</p>"
LOOK = """
<!DOCTYPE html><link rel="icon" href="data:,">%s<pre></pre>
<script>
addEventListener("load", () => {
  const seen = {};
  for (const frame of document.querySelectorAll("iframe")) {
    const page = frame.contentDocument, images = [...page.images], root = page.documentElement;
    seen[frame.name] = {
      title: page.title,
      pictures: images.length,
      broken: images.filter(image => !(image.complete && image.naturalWidth > 0)).length,
      fetched: frame.contentWindow.performance.getEntriesByType("resource").map(entry => entry.name),
      overflow: root.scrollWidth - root.clientWidth,
      styled: frame.contentWindow.getComputedStyle(page.body).marginTop === "0px",
      scripts: page.scripts.length,
    };
  }
  document.querySelector("pre").textContent = JSON.stringify(seen);
});
</script>
"""


BINS = reliability([0.3, 0.9, 0.9, 0.95], [False, True, True, True])


def picture(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (64, 48, 3), dtype=np.uint8))


def png(seed: int) -> bytes:
    buffer = io.BytesIO()
    picture(seed).save(buffer, "PNG")
    return buffer.getvalue()


def full_page() -> Page:
    photos = [photo_jpeg(picture(seed), 64) for seed in range(8)]
    answers = [Answer(photo, "x" * 90 + ".jpg", NAMES[0], NAMES[1], 0.9, NAMES[2], 0.1) for photo in photos]
    history = {"epoch": [1.0, 2.0], "train_loss": [2.0, 1.0], "train_accuracy": [0.2, 0.6]}
    return Page(
        title=TITLE,
        subtitle=NAMES[1] * 3,
        accuracy=Accuracy(38, 40),
        facts=[("SHA-256", "0f" * 32)],
        counts={"train": dict.fromkeys(NAMES, 70), "validation": dict.fromkeys(NAMES, 10), "test": {NAMES[0]: 40}},
        curve_png=learning_curve(history, "curve"),
        confusion_png=confusion_picture((np.eye(30, dtype=int) * 5).tolist(), ["Somebody"] * 30, "matrix"),
        confused=[ConfusedPair(NAMES[0], NAMES[1], 1, 20), ConfusedPair(NAMES[1], NAMES[2], 1, 20)],
        by_person=[ClassAccuracy(name, 19, 20) for name in NAMES],
        mistakes=answers,
        surest=answers,
        least_sure=answers,
        units=Units(
            [Unit(number, name, png(number), photos[:4]) for number, name in enumerate(NAMES)]
            + [Unit(9, NAMES[0], None, photos[:4])],
            n=10,
        ),
        calibration=Calibration(0.5, 40, 0.2, 0.05, reliability_picture(BINS, BINS, "reliability")),
        unknown=Unknown(
            quantity=NAMES[1],
            threshold=0.5,
            share=0.1,
            known=Accepted(18, 20, 2, (0.8, 1.0)),
            strangers=Accepted(3, 20, 2, (0.1, 0.2)),
            curve_png=acceptance_picture([(0, 0), (0.15, 0.9), (1, 1)], (0.15, 0.9), "acceptance"),
        ),
        download=DownloadReport(100, 60, {"ok": 60, "http_404": 30, NAMES[1]: 10}),
    )


@dataclass
class Visit:
    """What Chromium saw in each frame, and what it asked the server for."""

    frames: dict[str, dict[str, Any]]
    requests: list[str]


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Visit:
    page = render(full_page())
    unlocked = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)  # what would it fetch if it could?
    pages = {
        "phone": page,
        "desk": page,
        "unlocked": unlocked,
        "flawed": unlocked.replace("</main>", FLAWS + "</main>"),
    }
    frames = (f'<iframe name="{name}" src="/{name}" width="{width}"></iframe>' for name, width in WIDTHS.items())
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            name = self.path.lstrip("/")
            self.send_response(200 if name in ("", *pages) else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write((LOOK.strip() % "".join(frames) if name == "" else pages.get(name, "")).encode())

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        dumped = dump(chromium, tmp_path_factory.mktemp("profile"), f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()
    found = re.search(r"<pre>(\{.*\})</pre>", dumped)
    assert found, f"the browser did not come as far as looking: {dumped[-2000:]}"
    return Visit(json.loads(html.unescape(found[1])), requests)


def dump(program: str, profile: Path, address: str) -> str:
    """Return the document at `address`, as it is after loading."""
    command = [program, *FLAGS.split(), f"--user-data-dir={profile}", "--no-proxy-server", "--dump-dom", address]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=True).stdout


@pytest.mark.parametrize("frame", ["phone", "desk", "unlocked"])
def test_every_picture_loads(visit: Visit, frame: str) -> None:
    assert visit.frames[frame]["pictures"] == 4 + 3 * 8 + 3 + 4 * 4
    assert visit.frames[frame]["broken"] == 0


def test_nothing_is_fetched_from_outside(visit: Visit) -> None:
    assert [visit.frames[frame]["fetched"] for frame in ("phone", "desk", "unlocked")] == [[], [], []]
    assert sorted(visit.requests) == sorted(["/", "/outside.png", *(f"/{name}" for name in WIDTHS)])


@pytest.mark.parametrize("frame", ["phone", "desk"])
def test_nothing_overflows_sideways(visit: Visit, frame: str) -> None:
    assert visit.frames[frame]["overflow"] == 0


def test_the_page_is_styled_under_its_own_policy_and_runs_no_name_of_a_person(visit: Visit) -> None:
    for frame in ("phone", "desk"):
        assert visit.frames[frame]["styled"]
        assert visit.frames[frame]["scripts"] == 0
        assert visit.frames[frame]["title"] == TITLE


def test_the_control_with_planted_flaws_is_seen_through(visit: Visit) -> None:
    flawed = visit.frames["flawed"]
    assert flawed["broken"] == 2
    assert flawed["overflow"] > 0
    assert [address.rpartition("/")[2] for address in flawed["fetched"]] == ["outside.png"]
