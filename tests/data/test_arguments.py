"""What is left out of a call: the defaults are part of the interface."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from data.cluster.download import download_on_ray
from data.cluster.shards import read_shard
from data.download import download
from data.download.list_forms import Form
from data.download.portrait_source import download_portraits
from data.download.run import download_rows
from data.download.verify import VerifyResult, verify
from data.inside import inside
from data.journal import Journal, Outcome
from data.photos.augmentation import Augmentation
from data.photos.bare import Bare
from data.photos.cutting import crop_image, cut, open_regions
from data.photos.folder import read_folder
from data.photos.photo_files import PhotoFiles, Skipped, is_leftover
from data.portraits import Gallery, contact_sheet
from data.reasons import Failure

DEFAULTS: dict[Callable[..., Any], dict[str, Any]] = {
    download: {"retry_failed": False},
    download_rows: {"retry_failed": False, "repair": False},
    download_portraits: {"processes": 1, "retry_failed": False},
    download_on_ray: {"retry_failed": False},
    verify: {"repair": False},
    VerifyResult: {"checked": 0},
    read_shard: {"with_crops": False},
    Form: {"quoted": True, "header": False},
    inside: {"links": False},
    Journal: {"alone": False},
    Outcome: {"fresh": True, "detail": ""},
    Failure: {"temporary": False, "wait": None},
    Augmentation: {"mirror": 0.5, "rotation": 10.0, "shift": 0.04, "zoom": 0.1, "crop": None, "beyond": "border"},
    Bare: {"orientation": None, "scans": 1, "ended": True, "streams": False},
    open_regions: {"upright": True, "scaled": True},
    crop_image: {"scaled": True},
    cut: {"scale": 1},
    read_folder: {"min_photos": 1, "strict": False},
    PhotoFiles: {"listed": ()},
    Skipped: {"without_person": 0},
    is_leftover: {"is_folder": False},
    Gallery: {"seed": 0, "people": 12, "photos": 100},
    Gallery.draw_all: {"processes": 1},
    contact_sheet: {"people": None, "photos": 8, "cell": 160, "gap": 6},
}


@pytest.mark.parametrize("function", DEFAULTS, ids=lambda function: function.__qualname__)
def test_a_default_is_as_documented(function: Callable[..., Any]) -> None:
    parameters = inspect.signature(function).parameters
    assert {name: parameters[name].default for name in DEFAULTS[function]} == DEFAULTS[function]
