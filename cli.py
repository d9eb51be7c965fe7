"""The commands: parse, call, print. No mathematics, no HTTP, no drawing; each room is imported when its command runs.

stdout has results, stderr progress and complaints. Exit codes: 0 done, 1 short of what was asked, 2 wrong usage or
input, 130 Ctrl-C, 143 TERM.
"""

import argparse
import json
import math
import os
import signal
import sys
import textwrap
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from data.rows import Box
from data.settings import MNIST_FOLDER, DownloadSettings, SplitSizes
from errors import FacesError, UsageError
from faces.settings import CLASS_WEIGHTS, DEVICES, MEMORY_LIMIT, HeadSettings, HiddenSettings, TrainingOptions
from mnist.settings import MODELS as DIGIT_MODELS
from mnist.settings import VALIDATION

if TYPE_CHECKING:
    from nn.ranks import Ranks

PORTRAITS = Path("datasets/portraits")
MNIST = "mnist"  # in the place of a list
MODELS: dict[str, type[TrainingOptions]] = {"hidden": HiddenSettings, "alexnet": HeadSettings}
BAD_ROWS_SHOWN = 10
HOSTS_SHOWN = 5
BUDGETS = ("quick", "full")
ENGINES = ("local", "ray")
FEATURES_A_BATCH = 64
WEB_FLAGS = ("workers", "per_host", "timeout", "deadline", "retries", "max_bytes", "allow_private", "respect_robots")
PHOTO_FLAGS = (
    *("person", "limit", "size", "gray", "workers", "per_host", "max_bytes", "retry_failed", "max_failed"),
    *("engine", "address"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code: int = options.command(options)
        sys.stdout.flush()
    except FacesError as error:
        print(f"faces {options.name}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"faces {options.name}: interrupted", file=sys.stderr)
        return 130
    except _Terminated:
        return 143
    except BrokenPipeError:  # the reader of our results went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def download(options: argparse.Namespace) -> int:
    """`download`: a list of photos, or the portraits, into a folder of crops; or MNIST's files."""
    if options.list == MNIST:
        return _download_mnist(options)
    if options.source is not None:
        raise UsageError("--from is for `download mnist` alone: a list itself says where its photos are")
    _check_engine(options)
    settings = DownloadSettings(size=options.size, gray=options.gray, **_web(options))
    if options.list is None:
        report = _download_portraits(options, options.out or PORTRAITS, settings)
    else:
        report = _download_list(options, options.out or Path("datasets") / options.list.stem, settings)
    if options.json:
        _print_json(report)
    return 0 if report["ok"] and 1 - report["ok"] / report["rows"] <= options.max_failed else 1


def _web(options: argparse.Namespace) -> dict[str, Any]:
    """How the web is asked, as the flags say."""
    return {name: getattr(options, name) for name in WEB_FLAGS}


def _check_engine(options: argparse.Namespace) -> None:
    """UsageError when a cluster's flags are given without the cluster, or for what one machine draws."""
    if options.engine == "local":
        if options.address is not None:
            raise UsageError("--address names a cluster: give --engine ray with it")
        if isinstance(getattr(options, "out", None), str):
            raise UsageError(f"--out {options.out}: a URL is filled by --engine ray; without it, give a folder")
    elif getattr(options, "list", True) is None:
        raise UsageError("--engine ray is for lists: the portraits are drawn on this machine, leave it out")


def _download_mnist(options: argparse.Namespace) -> int:
    plain = _parser().parse_args(["download"])
    for flag in PHOTO_FLAGS:
        if getattr(options, flag) != getattr(plain, flag):
            raise UsageError(f"--{flag.replace('_', '-')} is for photos: leave it out, MNIST is four whole files")
    from data.mnist import FILES
    from data.mnist_download import download_mnist

    folder, settings = options.out or MNIST_FOLDER, DownloadSettings(**_web(options))
    with _bar(options, "fetching MNIST", len(FILES)) as advance:
        origins = download_mnist(folder, source=options.source, settings=settings, on_file=advance)
    if options.json:
        _print_json({"folder": str(folder), "files": origins})
        return 0
    for name, origin in origins.items():
        print(f"{name:<24} {'was there' if origin is None else f'from {origin}'}")
    print(f"MNIST's {len(origins)} files verified in {folder}")
    return 0


def _download_list(options: argparse.Namespace, folder: Path | str, settings: DownloadSettings) -> dict[str, Any]:
    from data.lists import count_lines, mark_of, read_list, select

    download_list = _engine(options)
    rows = select(read_list(options.list), options.person, options.limit)
    total = count_lines(options.list) if options.person is None and options.limit is None else options.limit
    with _bar(options, "downloading", total) as advance, _bad_rows(options.list) as complain:

        def on_outcome(outcome: Any) -> None:
            complain(outcome)
            advance("")

        report = download_list(
            rows,
            folder,
            settings=settings,
            retry_failed=options.retry_failed,
            mark=mark_of(options.list, options.person, options.limit),
            on_outcome=on_outcome,
            on_warning=lambda warning: _log(f"warning: {warning}"),
        )
    return _print_report(options, folder, report)


def _engine(options: argparse.Namespace) -> Callable[..., Any]:
    """What downloads a list: this process, or a cluster."""
    if options.engine == "local":
        from data.download import download

        return download
    from functools import partial

    from data.cluster.connection import require

    require("ray", "pyarrow")
    from data.cluster.download import download_on_ray

    return partial(download_on_ray, address=options.address)


def _download_portraits(options: argparse.Namespace, folder: Path, settings: DownloadSettings) -> dict[str, Any]:
    from data.drawn import download_portraits
    from data.portraits import Gallery

    gallery = Gallery()
    with _bar(options, "drawing portraits", gallery.people * gallery.photos) as advance:
        report = download_portraits(
            gallery,
            folder,
            settings=settings,
            people=options.person,
            limit=options.limit,
            processes=os.cpu_count() or 1,
            retry_failed=options.retry_failed,
            on_drawn=lambda: advance(""),
        )
    return _print_report(options, folder, report)


def _print_report(options: argparse.Namespace, folder: Path | str, report: Any) -> dict[str, Any]:
    """Print what came of the rows, by reason, person and host, and what is suspicious; return it for JSON."""
    counts = asdict(report)
    if not options.json:
        print(f"{report.ok} of {report.rows} rows verified, cropped and stored in {folder}")
        failed = {host: sum(n for reason, n in rows.items() if reason != "ok") for host, rows in report.hosts.items()}
        worst = dict(list(failed.items())[:HOSTS_SHOWN])
        tables = (("reason", report.reasons), ("person", report.people), ("failed at", worst))
        for title, table in tables:
            width = max(map(len, table), default=0)
            for name, n in table.items():
                print(f"  {title}  {name:<{width}}  {n:>6}")
        for warning in report.warnings:
            print(f"  warning  {warning}")
    return counts


@contextmanager
def _bad_rows(path: Path) -> Iterator[Callable[[Any], None]]:
    """Complain about the first few rows that cannot be read as they come, and count the rest at the end."""
    from data.rows import BadRow

    bad = 0

    def complain(outcome: Any) -> None:
        nonlocal bad
        if isinstance(outcome.row, BadRow):
            bad += 1
            if bad <= BAD_ROWS_SHOWN:
                _log(f"{path}:{outcome.row.line}: bad row: {outcome.row.problem}")

    yield complain
    if bad > BAD_ROWS_SHOWN:
        _log(f"{path}: {bad - BAD_ROWS_SHOWN} more bad rows, see manifest.csv")


def verify(options: argparse.Namespace) -> int:
    """`verify`: a folder of crops beside its journal."""
    from data.verify import verify as verify_folder

    with _bar(options, "hashing", None) as advance:
        found = verify_folder(
            options.folder,
            repair=options.repair,
            settings=DownloadSettings(**_web(options)),
            on_file=lambda: advance(""),
        )
    if options.json:
        _print_json({**asdict(found), "right": found.is_right})
        return int(not found.is_right)
    for what in ("missing", "changed", "foreign", "repaired"):
        for file in getattr(found, what):
            print(f"{what:<8}  {file}")
    for file, why in found.failed.items():
        print(f"failed    {file}: {why}")
    counts = ", ".join(f"{len(getattr(found, what))} {what}" for what in ("missing", "changed", "foreign"))
    mended = f"; {len(found.repaired)} repaired, {len(found.failed)} failed" if options.repair else ""
    print(f"{found.checked} crops checked in {options.folder}: {counts}{mended}")
    return int(not found.is_right)


def forget(options: argparse.Namespace) -> int:
    """`forget`: a person's photos, features and lines out of a folder."""
    from data.forget import forget as forget_person

    def forget_photos(photos: Collection[str]) -> None:
        if any(options.folder.glob(".features-*")):
            from faces.alexnet.cache import forget as forget_features

            forget_features(options.folder, photos)

    forgotten = forget_person(options.folder, options.person, forget_photos=forget_photos)
    if options.json:
        _print_json({"rows": forgotten.rows, "files": forgotten.files})
    else:
        print(f"{options.person}: {forgotten.rows} rows and {forgotten.files} files removed from {options.folder}")
        print("a list that names this person still does: a download of it brings the photos back")
    return 0


def features(options: argparse.Namespace) -> int:
    """`features`: AlexNet's features of a folder's photos, beside them, where `train-faces --model alexnet` looks."""
    _check_engine(options)
    folder = _folder(options.folder)
    from data.folder import read_folder
    from faces.alexnet.cache import keep_features
    from faces.alexnet.precision import choose_precision
    from faces.alexnet.weights import load_weights
    from faces.device import choose_device

    device = choose_device(options.device)
    photos, weights = read_folder(folder).photos, load_weights(options.weights)
    told = {"size": options.size, "batch_size": options.batch_size, "precision": choose_precision(device)}
    with _bar(options, "computing features", len(photos)) as advance:

        def on_photos(n: int) -> None:
            for _ in range(n):
                advance("")

        if options.engine == "ray":
            from faces.alexnet.cluster import keep_features_on_ray

            told |= {"address": options.address, "num_gpus": options.num_gpus}
            computed = keep_features_on_ray(folder, photos, weights, on_photos=on_photos, **told)
        else:
            computed = keep_features(folder, photos, weights, device=device, on_photos=on_photos, **told)
    if options.json:
        _print_json({"folder": str(folder), "photos": len(photos), "computed": computed})
    else:
        print(f"{len(photos)} photos in {folder}: features of {computed} computed now, all are kept there")
    return 0


def _folder(place: Path | str, is_first: bool = True) -> Path:
    """A folder of photos as it is; that of a URL in datasets/, where the first of several processes unpacks it."""
    if isinstance(place, Path):
        return place
    from data.cluster.unpack import unpack

    folder = Path("datasets") / place.rstrip("/").rpartition("/")[2]
    return unpack(place, folder) if is_first else folder


def train_faces(options: argparse.Namespace) -> int:
    """`train-faces`: a folder of photos a person into a run folder."""
    with _ranks(options) as ranks:
        return _train_faces(options, ranks)


def _train_faces(options: argparse.Namespace, ranks: "Ranks") -> int:
    told = ("hidden", "epochs", "lr", "batch_size", "class_weight")
    settings = MODELS[options.model](
        **{name: getattr(options, name) for name in told if getattr(options, name) is not None}
    )
    sizes = SplitSizes(train=options.train, validation=options.validation, test=options.test)
    folder = ranks.first_then_others(lambda: _photos_to_train_on(options, ranks.is_first))
    from faces.device import choose_device
    from faces.models import make_classifier
    from faces.training_run import TrainingRun, accuracy_line
    from faces.training_run import train_faces as train
    from report import run_folder as files

    out = options.out or files.free_out(Path("runs"), f"{folder.resolve().name}-{options.model}")
    device = choose_device(options.device, ranks)
    task = TrainingRun(
        folder=folder,
        out=out,
        classifier=ranks.first_then_others(lambda: make_classifier(settings, options.weights, options.seed, device)),
        sizes=sizes,
        resume=options.resume,
        memory_limit=options.memory_limit,
        ranks=ranks,
    )
    metrics = train(task, lambda what, steps: _bar(options, what, steps))
    if not ranks.is_first:
        return 0
    if options.json:
        _print_json(metrics)
        return 0
    for part in ("train", "validation"):
        n, accuracy = sum(metrics["counts"][part].values()), metrics[f"{part}_accuracy"]
        print(f"{part:<10} {n:>5} photos" + ("" if accuracy is None else f", accuracy {accuracy:.4f}"))
    if metrics["unknown"].get("strangers"):
        print(
            "strangers  {false_accepts} of {strangers} accepted, known people {true_accepts} of {known}".format(
                **metrics["unknown"]
            )
        )
    print(f"run        {out}: {', '.join((files.PAGE, files.CURVE, files.CONFUSION, files.WEIGHTS))}")
    print(accuracy_line(metrics))
    return 0


def _photos_to_train_on(options: argparse.Namespace, is_first: bool) -> Path:
    """Return the folder to train on; the first of several processes makes it if need be."""
    if isinstance(options.folder, str):
        options.folder = _folder(options.folder, is_first)
    return _detected(options, is_first) if options.detect else options.folder or _portraits(options)


def _portraits(options: argparse.Namespace) -> Path:
    """Return the folder of the portraits; draw them first if they are missing."""
    if not (PORTRAITS / "report.json").exists():
        from contextlib import redirect_stdout

        with redirect_stdout(sys.stderr):
            _download_portraits(_parser().parse_args(["download"]), PORTRAITS, DownloadSettings())
    return PORTRAITS


def _detected(options: argparse.Namespace, is_first: bool) -> Path:
    """Return the folder of the faces found in the photos of `options.folder`; the first process looks for them."""
    if options.folder is None:
        raise UsageError("--detect needs DIR, a folder of whole photos a person: the portraits are cut out already")
    from faces.detect_folder import detect_folder

    target = Path("datasets") / f"{options.folder.resolve().name}-faces"
    if not is_first:
        return target
    with _bar(options, "finding faces", None) as advance:
        found = detect_folder(options.folder, target, DownloadSettings.size, lambda: advance(""))
    _log(f"{target}: {found.line}")
    return target


def train_mnist(options: argparse.Namespace) -> int:
    """`train-mnist`: the files of MNIST into a run folder."""
    with _ranks(options) as ranks:
        return _train_mnist(options, ranks)


def _train_mnist(options: argparse.Namespace, ranks: "Ranks") -> int:
    defaults = DIGIT_MODELS[options.model]
    if options.momentum is not None and defaults.momentum is None:
        raise UsageError(f"--momentum: {options.model} learns by AdamW, which has none; leave it out")
    told = ("epochs", "lr", "momentum", "batch_size", "weight_decay")
    settings = replace(
        defaults, **{name: getattr(options, name) for name in told if getattr(options, name) is not None}
    )
    from mnist.reader import DigitReader
    from mnist.run import MISTAKES
    from mnist.training_run import TrainingRun, accuracy_line
    from mnist.training_run import train_mnist as train
    from report import run_folder as files

    out = options.out or files.free_out(Path("runs"), f"mnist-{options.model}")
    task = TrainingRun(
        folder=options.mnist,
        out=out,
        reader=DigitReader(options.model, settings, seed=options.seed),
        validation=options.validation,
        resume=options.resume,
        ranks=ranks,
    )
    metrics = train(task, lambda what, steps: _bar(options, what, steps))
    if not ranks.is_first:
        return 0
    if options.json:
        _print_json(metrics)
        return 0
    for part in ("train", "validation"):
        n, accuracy = metrics["n"][part], metrics[f"{part}_accuracy"]
        print(f"{part:<10} {n:>5} digits" + ("" if accuracy is None else f", accuracy {accuracy:.4f}"))
    pictures = (files.PAGE, files.CURVE, files.CONFUSION, files.WEIGHTS, MISTAKES)
    print(f"run        {out}: {', '.join(file for file in pictures if (out / file).exists())}")
    print(accuracy_line(metrics))
    return 0


def predict(options: argparse.Namespace) -> int:
    """`predict`: photos in, a line for each face out."""
    if options.box and options.detect:
        raise UsageError("--box and --detect: expected one of them, as each says where the faces are")
    from data.boxes import BoxTable
    from data.walk import Walk
    from faces.answers import ANSWERED, FORMATS
    from faces.detect import FaceDetector
    from faces.device import choose_device
    from faces.predict import PredictSettings, Wanted
    from faces.predict import predict as answers_to
    from faces.run import load_classifier

    table = BoxTable(options.boxes) if options.boxes else None
    wanted = Wanted(table=table, box=options.box, find=FaceDetector().find if options.detect else None)
    settings = PredictSettings(top=options.top, threshold=options.threshold)
    classifier = load_classifier(options.run, options.weights, choose_device(options.device))
    walk = Walk(options.photo, map(os.fsdecode, sys.stdin.buffer))
    heading, line = FORMATS[options.format]
    short = False
    _write(heading)
    for answer in answers_to(classifier, walk, wanted, settings):
        _write(line(answer))
        short |= answer.status not in ANSWERED
    if walk.passed_over:
        kinds = ", ".join(f"{extension} {n}" for extension, n in walk.passed_over.most_common())
        _log(f"passed over in folders, as they are no photos by name: {kinds}")
    if table and table.unused:
        _log(f"{options.boxes}: {len(table.unused)} of its photos were not given, the first is {table.unused[0]!r}")
    return int(short)


def _write(text: str) -> None:
    """Put results on stdout at once; a file's name goes out in the bytes it has on disk."""
    sys.stdout.buffer.write(os.fsencode(text))
    sys.stdout.buffer.flush()


def show_weights(options: argparse.Namespace) -> int:
    """`show-weights`: what a run's network looks for, as a picture."""
    from data.publish import publish
    from faces.pictures import weights_picture
    from faces.run import load_classifier, read_favourites
    from faces.training_run import accuracy_line
    from mnist.run import holds_digits
    from report import run_folder as files

    if holds_digits(options.run):
        return _show_digit_weights(options)
    classifier = load_classifier(options.run)
    metrics = files.read_metrics(options.run)
    favourites = read_favourites(options.run, Path(metrics["data"]))
    title = f"{options.run.resolve().name}: {accuracy_line(metrics)}"
    picture = weights_picture(classifier, title, favourites, options.unit)
    out = options.out or files.poster_file(options.run, options.unit)
    publish(out, picture)
    _print_voices(classifier.voices(), options.unit)
    print(out)
    return 0


def _show_digit_weights(options: argparse.Namespace) -> int:
    from data.publish import publish
    from mnist.pictures import weights_picture
    from mnist.run import load_reader
    from mnist.training_run import title_of
    from report import run_folder as files

    reader = load_reader(options.run)
    picture = weights_picture(reader, title_of(files.read_metrics(options.run)), options.unit)
    out = options.out or files.poster_file(options.run, options.unit)
    publish(out, picture)
    _print_voices(reader.voices(), options.unit)
    print(out)
    return 0


def _print_voices(heard: Sequence[Any], units: Sequence[int] | None) -> None:
    """Say whom hidden units speak for: how many for each, or each of the `units` asked for."""
    from collections import Counter

    if units is None:
        for name, n in Counter(voice.name for voice in heard).most_common():
            print(f"{n:>5} hidden units speak for {name}")
    for unit in dict.fromkeys(units or () if heard else ()):
        print(f"unit {unit} speaks for {heard[unit].name}")


def report(options: argparse.Namespace) -> int:
    """`report`: where the page of a run is; opens it if asked."""
    from errors import RunError
    from report import run_folder as files

    page = options.run / files.PAGE
    if not page.is_file():
        raise RunError(f"{page} is missing: expected a run folder of train-faces or train-mnist; train again")
    if options.open:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())
    print(page)
    return 0


def reproduce(options: argparse.Namespace) -> int:
    """`reproduce`: the published experiments again, reported beside measured."""
    from experiments.catalogue import EXPERIMENTS
    from experiments.reproduce import Effort, jobs
    from experiments.reproduce import reproduce as run
    from experiments.sources import Sources

    unknown = [name for name in options.experiment if name not in EXPERIMENTS]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is no experiment: expected some of {', '.join(EXPERIMENTS)}")
    if options.list:
        width = max(map(len, EXPERIMENTS))
        for name, experiment in EXPERIMENTS.items():
            print(f"{name:<{width}}  {len(experiment.rows):>3} rows  {experiment.title}")
        return 0
    names = list(dict.fromkeys(options.experiment)) or list(EXPERIMENTS)
    faces = options.faces or (_portraits(options) if any(EXPERIMENTS[name].faces for name in names) else PORTRAITS)
    effort = Effort(budget=options.budget, max_epochs=options.max_epochs, processes=options.workers)
    sources = Sources(mnist=options.mnist, faces=faces, weights=options.weights)
    pages: list[str] = []

    def on_page(page: Path) -> None:
        pages.append(str(page))
        if not options.json:
            print(page, flush=True)

    steps = len(jobs([EXPERIMENTS[name] for name in names], options.budget))
    with _bar(options, "reproducing", steps) as advance:
        run(names, options.out, sources, effort, on_job=advance, on_page=on_page)
    if options.json:
        _print_json({"budget": options.budget, "pages": pages})
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="faces", description="A faces classifier you can read: download, train, look.", formatter_class=_Help
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_download(commands)
    _add_verify(commands)
    _add_forget(commands)
    _add_features(commands)
    _add_train_faces(commands)
    _add_train_mnist(commands)
    _add_predict(commands)
    _add_show_weights(commands)
    _add_report(commands)
    _add_reproduce(commands)
    return parser


def _add_download(commands: Any) -> None:
    about = "fetch a list of photos, or MNIST, verify each SHA-256, crop, store; without a list, draw the portraits"
    add = _command(
        commands, "download", download, about, "python cli.py download faces.tsv --out datasets/six --workers 8"
    )
    add(
        "list",
        nargs="?",
        type=_list_or_mnist,
        metavar="LIST",
        help="FaceScrub's tab-separated form, or CSV with a header name,url,box,sha256; or the word mnist: the four "
        "files of MNIST (a list of that name is ./mnist)",
    )
    add(
        "--out",
        type=_folder_or_storage,
        metavar="DIR|URL",
        help="where crops or files go; with --engine ray also s3://, gs://, file:// "
        f"(default: {PORTRAITS}, {MNIST_FOLDER}, or datasets/ and LIST's stem)",
    )
    add(
        "--from",
        dest="source",
        type=_folder_or_url,
        metavar="FOLDER|URL",
        help="of mnist: where its files are, gzipped or not (default: torchvision's mirrors)",
    )
    add("--person", nargs="+", metavar="NAME", help="only these people's rows (default: all)")
    add("--limit", type=_count, metavar="N", help="only the first N rows (default: all)")
    add("--size", type=int, default=DownloadSettings.size, metavar="PIXELS", help="side of a crop")
    add("--gray", action="store_true", help="crops with one channel instead of three")
    _add_web(add)
    add("--retry-failed", action="store_true", help="ask again for rows that failed in an earlier run")
    add(
        "--max-failed",
        type=_fraction,
        default=1.0,
        metavar="FRACTION",
        help="exit 1 when more than this share of rows failed",
    )
    _add_engine(add)
    _add_output(add)


def _add_web(add: Callable[..., Any]) -> None:
    add("--workers", type=int, default=DownloadSettings.workers, metavar="N", help="rows in flight at once")
    add("--per-host", type=int, default=DownloadSettings.per_host, metavar="N", help="of them at one host")
    add("--timeout", type=float, default=DownloadSettings.timeout, metavar="S", help="seconds without a byte")
    add(
        "--deadline",
        type=float,
        default=DownloadSettings.deadline,
        metavar="S",
        help="seconds for a row, retries included",
    )
    add("--retries", type=int, default=DownloadSettings.retries, metavar="N", help="further attempts at what can pass")
    add("--max-bytes", type=int, default=DownloadSettings.max_bytes, metavar="N", help="largest photo fetched")
    add("--allow-private", action="store_true", help="fetch from private and local addresses too")
    add("--respect-robots", action="store_true", help="ask for nothing that a host's robots.txt forbids")


def _add_engine(add: Callable[..., Any]) -> None:
    add("--engine", choices=ENGINES, default=ENGINES[0], help="ray: a cluster, see docs/cluster.md")
    add(
        "--address",
        metavar="auto|HOST:PORT",
        help="of the Ray cluster; auto: the one this machine is part of (default: one started here, for this command)",
    )


def _add_verify(commands: Any) -> None:
    about = "hash what a download stored again; name what is missing, changed or foreign; exit 1 if anything is"
    add = _command(commands, "verify", verify, about, "python cli.py verify datasets/six --repair")
    add("folder", type=Path, metavar="DIR", help="a folder that download has made")
    add("--repair", action="store_true", help="download just what is missing or changed again")
    _add_web(add)
    _add_output(add)


def _add_forget(commands: Any) -> None:
    about = "remove a person from a folder: photos, crops, cached features, journal, manifest and report lines"
    add = _command(commands, "forget", forget, about, "python cli.py forget datasets/six 'Alec Baldwin'")
    add("folder", type=Path, metavar="DIR", help="a folder that download has made")
    add("person", metavar="NAME", help="the name as the list has it")
    add("--json", action="store_true", help="print one JSON object instead of text")


def _add_features(commands: Any) -> None:
    about = "compute AlexNet's conv5 features of all photos of a folder, and keep them beside it for train-faces"
    add = _command(
        commands, "features", features, about, "python cli.py features datasets/six --engine ray --address auto"
    )
    add("folder", type=_folder_or_storage, metavar="DIR|URL", help="photos a person, or what download --out URL filled")
    add("--weights", default="imagenet", metavar="W", help="imagenet, random, or a .pth, .safetensors or .npz file")
    add("--size", type=_positive, default=HeadSettings.size, metavar="PIXELS", help="side of the crops AlexNet sees")
    add(
        "--batch-size",
        type=_positive,
        default=FEATURES_A_BATCH,
        metavar="N",
        help="photos computed together",
    )
    add("--device", choices=DEVICES, default="auto", help="where to compute")
    add("--num-gpus", type=float, default=0.0, metavar="X", help="of the ray engine: a GPU's share for each actor")
    _add_engine(add)
    _add_output(add)


def _add_train_faces(commands: Any) -> None:
    about = "train a network to tell the people of a folder apart"
    add = _command(
        commands, "train-faces", train_faces, about, "python cli.py train-faces datasets/six --seed 1 --out runs/six"
    )
    add(
        "folder",
        nargs="?",
        type=_folder_or_storage,
        metavar="DIR|URL",
        help=f"a folder of photos a person, or what download --out URL filled (default: {PORTRAITS}, drawn if missing)",
    )
    add(
        "--model",
        choices=list(MODELS),
        default="hidden",
        help="hidden: one hidden layer on grey pixels; alexnet: conv5 features and a head",
    )
    add(
        "--weights",
        default="imagenet",
        metavar="W",
        help="of alexnet: imagenet, random, or a .pth, .safetensors or .npz file",
    )
    for flag, kind, metavar, about in (
        ("--hidden", _count, "N", "hidden units; alexnet takes 0 too: softmax regression"),
        ("--epochs", _positive, "N", "passes over the training photos"),
        ("--lr", float, "X", "learning rate at the start"),
        ("--batch-size", _positive, "N", "photos a step"),
    ):
        add(flag, type=kind, metavar=metavar, help=f"{about} ({_defaults(flag, MODELS)})")
    add(
        "--class-weight",
        choices=CLASS_WEIGHTS,
        help=f"balanced: every person counts alike, however few the photos ({_defaults('--class-weight', MODELS)})",
    )
    add("--detect", action="store_true", help="DIR has whole photos: train on the largest face found in each")
    add("--seed", type=_count, default=0, metavar="N", help="decides the split, the weights and the order")
    add("--train", type=_positive, default=SplitSizes.train, metavar="N", help="training photos a person, at most")
    add("--validation", type=_count, default=SplitSizes.validation, metavar="N", help="validation photos a person")
    add("--test", type=_count, default=SplitSizes.test, metavar="N", help="test photos a person")
    add("--out", type=Path, metavar="RUN", help="run folder (default: a new one in runs/)")
    add("--device", choices=DEVICES, default="auto", help="where to compute")
    add(
        "--memory-limit",
        type=_positive,
        default=MEMORY_LIMIT,
        metavar="MIB",
        help="of alexnet: features beyond it stay on the disk, and are shuffled a thousand photos at a time",
    )
    add("--resume", action="store_true", help="go on with the interrupted training in --out")
    _add_output(add)


def _add_train_mnist(commands: Any) -> None:
    about = "train a network to read the digits of MNIST"
    add = _command(
        commands, "train-mnist", train_mnist, about, "python cli.py train-mnist --model cnn --seed 1 --out runs/digits"
    )
    add(
        "--model",
        choices=list(DIGIT_MODELS),
        default="fc",
        help="softmax: no hidden layer; fc: one; cnn: two convolutions; best: two columns of six, on digits "
        "turned, moved and zoomed a little",
    )
    for flag, kind, metavar, about in (
        ("--epochs", _positive, "N", "passes over the training digits"),
        ("--lr", float, "X", "learning rate at its highest"),
        ("--momentum", float, "M", "of SGD, from 0 to below 1; best learns by AdamW"),
        ("--batch-size", _positive, "N", "digits a step"),
        ("--weight-decay", float, "X", "share of each weight that a step takes, times the learning rate"),
    ):
        add(flag, type=kind, metavar=metavar, help=f"{about} ({_defaults(flag, DIGIT_MODELS)})")
    add("--seed", type=_count, default=0, metavar="N", help="decides what is held out, the weights and the order")
    add("--validation", type=_count, default=VALIDATION, metavar="N", help="training digits held out; 0: none")
    add("--mnist", type=Path, default=MNIST_FOLDER, metavar="DIR", help="the folder of `download mnist`")
    add("--out", type=Path, metavar="RUN", help="run folder (default: a new one in runs/)")
    add("--resume", action="store_true", help="go on with the interrupted training in --out")
    _add_output(add)


def _add_predict(commands: Any) -> None:
    about = (
        "Say who is on photos: one line a face, with the columns file,box,name,probability,status. Status is ok; "
        "unknown (most likely none of the people; name is the best guess all the same); no_face; or the reason why a "
        "photo cannot be used, which makes the exit code 1. Boxes count pixels of the photo as it is seen, upright; "
        "the box printed is the part looked at, empty for the whole photo."
    )
    add = _command(
        commands,
        "predict",
        predict,
        about,
        "python cli.py predict runs/six holiday/ --detect",
        brief="name the faces on photos",
    )
    add("run", type=Path, metavar="RUN", help="a run folder of train-faces")
    add(
        "photo",
        nargs="+",
        metavar="PHOTO",
        help="a photo, a folder with all photos below it, or - for names on stdin, one a line",
    )
    add("--box", type=_box, metavar="X1,Y1,X2,Y2", help="the face's place, in every photo")
    add(
        "--boxes",
        type=Path,
        metavar="CSV",
        help="a table with the columns file,box, a row a face; for photos without a row the other options count",
    )
    add("--detect", action="store_true", help="find the faces in each photo, the largest first")
    add("--top", type=_positive, default=1, metavar="K", help="lines a face: its K most probable names")
    add(
        "--threshold",
        type=_number,
        metavar="T",
        help="a face less like the known people than T is unknown (default: what the training found)",
    )
    add(
        "--format",
        choices=("csv", "json"),
        default="csv",
        help="csv with a header, or a JSON object a line: file, box as a list or null, name, probability, status",
    )
    add("--weights", metavar="W", help="AlexNet's weights, if they are no longer where the training found them")
    add("--device", choices=DEVICES, default="auto", help="where to compute")


def _add_show_weights(commands: Any) -> None:
    about = "picture what the hidden units or filters of a run look for"
    add = _command(commands, "show-weights", show_weights, about, "python cli.py show-weights runs/six --unit 3 17")
    add("run", type=Path, metavar="RUN", help="a run folder of train-faces or train-mnist")
    add("--unit", nargs="+", type=_count, metavar="K", help="only these hidden units or filters (default: all)")
    add("--out", type=Path, metavar="FILE", help="the picture, PNG (default: weights.png in RUN)")


def _add_report(commands: Any) -> None:
    add = _command(
        commands, "report", report, "name the page of a run, or open it", "python cli.py report runs/six --open"
    )
    add("run", type=Path, metavar="RUN", help="a run folder of train-faces or train-mnist")
    add("--open", action="store_true", help="open the page in the browser")


def _add_reproduce(commands: Any) -> None:
    about = (
        "Run published experiments on this project's training core: for each a table of reported beside measured, a "
        "JSON file and the report's figures. quick takes fewer epochs and seeds, and says where; full is the protocol."
    )
    add = _command(
        commands,
        "reproduce",
        reproduce,
        about,
        "python cli.py reproduce csc411 cs559 --budget quick --out results",
        brief="run published experiments, reported beside measured",
    )
    add("experiment", nargs="*", metavar="NAME", help="experiments, see --list (default: all)")
    add("--list", action="store_true", help="print the experiments, and run none")
    add("--budget", choices=BUDGETS, default=BUDGETS[0], help="how much of the protocol is run")
    add("--max-epochs", type=_positive, metavar="N", help="no training longer than this (default: as the budget says)")
    add("--out", type=Path, default=Path("results"), metavar="DIR", help="where the results go")
    add("--mnist", type=Path, default=MNIST_FOLDER, metavar="DIR", help="the folder of `download mnist`")
    add(
        "--faces",
        type=Path,
        metavar="DIR",
        help=f"a folder of photos a person, for csc411 (default: {PORTRAITS}, drawn if missing)",
    )
    add("--weights", default="imagenet", metavar="W", help="AlexNet's for csc411: imagenet, random, or a file")
    add("--workers", type=_positive, default=os.cpu_count() or 1, metavar="N", help="trainings at once")
    _add_output(add)


def _command(
    commands: Any, name: str, command: Callable[[argparse.Namespace], int], about: str, example: str, brief: str = ""
) -> Callable[..., Any]:
    """Add a subcommand; return what adds its arguments. `brief` is what the list of commands says, if not `about`."""
    parser = commands.add_parser(
        name,
        help=brief or about,
        description=textwrap.fill(about, 100),
        epilog=f"example:\n  {example}",
        formatter_class=_Help,
    )
    parser.set_defaults(command=command, name=name)
    add: Callable[..., Any] = parser.add_argument
    return add


def _add_output(add: Callable[..., Any]) -> None:
    add("--quiet", action="store_true", help="no progress on stderr")
    add("--json", action="store_true", help="print one JSON object instead of text")


class _Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Show every default, and leave the example as it is typed."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        plain = action.default in (None, False) or action.required
        return action.help if plain else super()._get_help_string(action)


class _Parser(argparse.ArgumentParser):
    """Wrong usage is one line and exit code 2."""

    def error(self, message: str) -> NoReturn:
        if os.environ.get("RANK", "0") == "0":  # torchrun starts several processes, and each is given the same line
            print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)


def _defaults(flag: str, models: Mapping[str, object]) -> str:
    """Return a flag's default for the models that take it, or the one that all share."""
    name = flag.strip("-").replace("-", "_")
    values = {model: getattr(settings, name) for model, settings in models.items()}
    if len(set(values.values())) == 1:
        return f"default: {next(iter(values.values()))}"
    taken = {value: [model for model in values if values[model] == value] for value in values.values()}
    return "default: " + ", ".join(
        f"{value} for {' and '.join(by)}" for value, by in taken.items() if value is not None
    )


def _count(text: str) -> int:
    """Read a whole number from 0 on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 on, got {text!r}")
    return int(text)


def _positive(text: str) -> int:
    """Read a whole number from 1 on."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got {text!r}")
    return int(text)


def _number(text: str) -> float:
    """Read a finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}")
    return value


def _box(text: str) -> Box:
    """Read a box that a photo can have a part of."""
    try:
        box = Box.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}, got {text!r}") from error
    if box.is_empty:
        raise argparse.ArgumentTypeError(f"expected x1 < x2 and y1 < y2, got {text!r}")
    return box


def _list_or_mnist(text: str) -> Path | str:
    return MNIST if text == MNIST else Path(text)


def _folder_or_url(text: str) -> Path | str:
    """Read a folder's path, or the URL of one as a string."""
    if text.lower().startswith(("http://", "https://")):
        return text
    if "://" in text:
        raise argparse.ArgumentTypeError(f"expected a folder or an http or https URL, got {text!r}")
    return Path(text)


def _folder_or_storage(text: str) -> Path | str:
    """Read a folder's path, or the URL of a storage as a string."""
    return text if "://" in text else Path(text)


def _fraction(text: str) -> float:
    """Read a number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {text!r}")
    return value


@contextmanager
def _ranks(options: argparse.Namespace) -> Iterator["Ranks"]:
    """The processes that torchrun started to train together, or this one alone; only the first shows progress."""
    from nn.world import launched

    with launched(os.environ) as ranks:
        options.quiet |= not ranks.is_first
        yield ranks


@contextmanager
def _bar(options: argparse.Namespace, what: str, steps: int | None) -> Iterator[Callable[[str], None]]:
    """Show a progress bar on a terminal, unless --quiet; yields what moves it on, with a word to show beside it."""
    from tqdm import tqdm

    with tqdm(total=steps, desc=what, disable=True if options.quiet else None, leave=False, unit="") as bar:

        def advance(word: str) -> None:
            if word:
                bar.set_postfix_str(word, refresh=False)
            bar.update()

        yield advance


def _print_json(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False))


def _log(line: str) -> None:
    from tqdm import tqdm

    tqdm.write(line, file=sys.stderr)


class _Terminated(BaseException):
    """SIGTERM, raised in the main thread so that everything is left in order."""


def _terminate(signal_number: int, frame: object) -> NoReturn:
    raise _Terminated


if __name__ == "__main__":
    raise SystemExit(main())
