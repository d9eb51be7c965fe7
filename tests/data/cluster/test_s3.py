"""A store of objects, as `s3://` names it: moto answers on loopback as S3 does."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from data.download.verify import verify
from data.journal import Outcome
from data.reasons import Reason
from data.rows import Row
from data.settings import DownloadSettings
from errors import StorageError

pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install -e '.[ray]'")
pytest.importorskip("moto.server", reason="moto is not installed: pip install -e '.[dev]'")
from moto.server import ThreadedMotoServer

from data.cluster.shards import Packer, names
from data.cluster.storage import Storage
from data.cluster.unpack import unpack


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket's URL; credentials and the server are found as pyarrow finds them."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_REGION", "us-east-1")
        requests.put(f"http://{host}:{port}/faces", timeout=10).raise_for_status()
        yield "s3://faces"
    server.stop()


def test_objects_are_put_found_and_removed(bucket: str, tmp_path: Path) -> None:
    storage = Storage(f"{bucket}/a")
    storage.atomic_write("shards/1", b"one")
    storage.atomic_write("shards/deeper/2", b"two")
    with storage.writing("shards/3") as file:
        file.write(b"x" * 6_000_000)
    (tmp_path / "large").write_bytes(b"y" * 9_000_000)
    storage.put("manifest.csv", tmp_path / "large")
    assert not storage.is_local
    assert storage.names("shards") == ["shards/1", "shards/3"]
    assert storage.names("nothing") == []
    with storage.reading("manifest.csv") as found:
        assert found.read() == b"y" * 9_000_000
    storage.remove("shards/1")
    storage.remove("nothing")
    assert storage.names("shards") == ["shards/3"]
    storage.remove("shards")
    assert storage.names("shards") == []


def test_shards_become_a_folder_that_can_be_verified(bucket: str, tmp_path: Path, photo: Callable[..., bytes]) -> None:
    storage, scratch = Storage(f"{bucket}/six"), tmp_path / "scratch"
    packer = Packer(storage, scratch, "0001-00000-", DownloadSettings().crop_settings)
    for number in range(6):
        data, row = photo(number), Row(number, "Ann", f"http://x/{number}", None, None)
        digest = hashlib.sha256(data).hexdigest()
        file = f"Ann/{digest[:12]}-{row.key.hex()[:8]}.jpg"
        (scratch / "Ann").mkdir(parents=True, exist_ok=True)
        (scratch / file).write_bytes(data)
        packer.add(Outcome(row, Reason.OK, file, digest, digest, perceptual_hash="0" * 64))
    packer.flush()
    assert names(storage) == packer.shards
    folder = unpack(storage.place, tmp_path / "unpacked")
    assert len(list(folder.rglob("*.jpg"))) == 6
    assert verify(folder).is_right


def test_a_bucket_that_is_not_there_is_one_line(bucket: str) -> None:
    with pytest.raises(StorageError, match=r"s3://nobody/six: rows: .*NO_SUCH_BUCKET") as disk_error:
        Storage("s3://nobody/six").atomic_write("rows", b"")
    assert "\n" not in str(disk_error.value)
