"""The real list through the web as it answered: every count, every crop, and nothing asked twice."""

from collections import Counter
from pathlib import Path

from PIL import Image

from data.download import download, read_list
from data.photos.placed import placed_in
from data.settings import DownloadSettings

SETTINGS = DownloadSettings(size=48, gray=True)  # small and grey: the counts are the same, the decoding is quicker


def test_the_list_gives_what_the_web_still_had(shared: Path, tmp_path: Path, mirror: Path) -> None:
    source, folder = shared / "facescrub" / "list.tsv", tmp_path / "photos"
    report = download(read_list(source), folder, settings=SETTINGS)
    assert report.reasons == {"ok": 726, "http_404": 423, "hash_mismatch": 337, "connect": 6}
    assert report.people == {
        "Alec Baldwin": 142,
        "Lorraine Bracco": 108,
        "Steve Carell": 141,
        "Peri Gilpin": 88,
        "Bill Hader": 147,
        "Angie Harmon": 100,
    }
    assert report.near_duplicates == []
    assert [line.split()[0] for line in report.warnings] == ["image.qpicture.com", "www.angieharmon.net"]
    assert next(iter(report.hosts.items())) == ("www.contactmusic.com", {"hash_mismatch": 48})
    crops = list(folder.glob("*/*.jpg"))
    assert Counter(path.parent.name for path in crops) == report.people
    for path in crops:
        with Image.open(path) as image:
            image.load()
            assert image.mode == "L"
        box = placed_in(path.read_bytes()).box
        assert box is not None
        assert max(box.x2 - box.x1, box.y2 - box.y1) in (47, 48, 49)  # the listed box, but for rounding
    lines = (folder / "manifest.csv").read_text().splitlines()
    assert len(lines) == 1 + 1492
    assert [int(line.partition(",")[0]) for line in lines[1:]] == list(range(1, 1493))

    requests = mirror.read_text().count("\n")
    assert requests == 1492 - 6
    again = download(read_list(source), folder, settings=SETTINGS)
    assert again.reasons == report.reasons
    assert mirror.read_text().count("\n") == requests
