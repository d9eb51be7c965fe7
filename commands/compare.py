"""`compare`: several runs on the same test photos, side by side, as a table and as a page."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.console import print_json
from commands.flags import add_json
from commands.parser import add_command
from data.wording import count

if TYPE_CHECKING:
    from report.comparison import Comparison

SHOWN = 10  # photos that only one run got right, on stdout


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = (
        "Compare runs on the photos that are test photos of all of them, told by their SHA-256: accuracies with 95% "
        "intervals, the difference of each pair with its interval from drawing people anew, McNemar's test (exact "
        "where fewer than 25 photos were named rightly by one of the two alone, else chi-squared with continuity "
        "correction), for more than two runs with Holm's correction, and the photos that one run alone got right. A "
        "photo that any of the runs was trained on is left out."
    )
    example, brief = (
        "compare runs/face runs/hidden --out compared.html",
        "put runs on the same test photos side by side",
    )
    add = add_command(commands, "compare", compare, about, example, brief)
    add("run", nargs="+", type=Path, metavar="RUN", help="run folders of train-faces, or of train-mnist")
    add("--out", type=Path, metavar="FILE", help="write a page too, HTML, with the photos (default: none)")
    add_json(add)


def compare(options: argparse.Namespace) -> int:
    """Print the comparison, and write the page."""
    from data.atomic_write import atomic_write
    from faces.compared import read_runs, words_of
    from report.comparison import compare as compare_runs
    from report.page.comparison import render_comparison
    from report.run_folder import check_outside

    if options.out is not None:
        for run in options.run:
            check_outside(run, options.out)
    runs, picture = read_runs(options.run)
    compared = compare_runs(runs)
    if options.out is not None:
        atomic_write(options.out, render_comparison(compared, runs, picture, words_of(runs)).encode())
    if options.json:
        print_json(_as_json(compared, runs, options.out))
    else:
        _print(compared, runs, options.out)
    return 0


def _print(compared: "Comparison", runs: Any, out: Path | None) -> None:
    from report.page.wording import p_value, percent, signed_percent

    what, who = ("test photo", "person") if compared.of_people else ("test image", "digit")
    many = f"{compared.people:,} {'people' if compared.of_people else 'digits'}" if compared.people > 1 else f"1 {who}"
    print(f"{count(len(compared.photos), what)} of {many}, test photos of {compared.all_runs}")
    for reason, n in compared.left_out.items():
        print(f"left out: {count(n, what)} {reason}")
    width = max(len(run.name) for run in compared.runs)
    for run in compared.runs:
        low, high = (percent(bound) for bound in run.interval)
        own = "" if run.own_n == run.n else f"; of all its own {run.own_right:,} of {run.own_n:,}"
        share = percent(run.accuracy)
        print(f"{run.name:<{width}}  {share:>6}  {run.right:,} of {run.n:,} (95% interval {low} to {high}){own}")
    for pair in compared.pairs:
        low, high = (signed_percent(bound) for bound in pair.interval)
        print(
            f"{pair.first} against {pair.second}: {signed_percent(pair.difference)} (95% interval {low} to {high}); "
            f"right alone {pair.only_first:,} and {pair.only_second:,}, McNemar p {p_value(pair.p)} ({pair.test.test})"
        )
    said = {run.name: run.said for run in runs}
    for name, photos in compared.only.items():
        for photo in photos[:SHOWN]:
            print(f"only {name} is right: {said[name][photo].file}")
        if len(photos) > SHOWN:
            print(f"only {name} is right: {len(photos) - SHOWN:,} more")
    for line in compared.caveats:
        print(line)
    print(compared.verdict)
    if out is not None:
        print(out)


def _as_json(compared: "Comparison", runs: Any, out: Path | None) -> dict[str, Any]:
    from dataclasses import asdict

    said = {run.name: run.said for run in runs}
    return {
        "photos": len(compared.photos),
        "people": compared.people,
        "left_out": compared.left_out,
        "same_classes": compared.same_classes,
        "runs": [{**asdict(run), "accuracy": run.accuracy} for run in compared.runs],
        "pairs": [{**asdict(pair), "test": pair.test.test, "p_uncorrected": pair.test.p} for pair in compared.pairs],
        "only": {
            name: [
                {
                    "file": said[name][photo].file,
                    "true": said[name][photo].true,
                    "said": {run: answers[photo].predicted for run, answers in said.items()},
                }
                for photo in photos
            ]
            for name, photos in compared.only.items()
        },
        "caveats": compared.caveats,
        "verdict": compared.verdict,
        "page": None if out is None else str(out),
    }
