"""How many one-token changes of the code the tests notice.

    python benchmarks/mutations.py [--packages nn data faces] [--changes 60] [--seed 0] [--data FOLDER]

A sample of the packages' operators, small integers, True and False, `not`, `min` and `max` is changed, one token at a
time, in a copy of the checkout; for each the tests run that reach the line. Which these are is measured once, by a run
of the whole suite under coverage that takes minutes and is kept in FOLDER; after a change of the tests alone, the
changed files run again. Left out are annotations, imports, `__all__`, and what is raised, logged or put into a text.

It prints each change that no test noticed, as file:line: before -> after, and the number that were. A change with which
the tests do not come to an end counts as noticed.
"""

import argparse
import ast
import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TextIO

import pytest
from coverage import Coverage, CoverageData
from coverage.exceptions import CoverageException

CHECKOUT = Path(__file__).resolve().parent.parent
SMALL = 10  # integers up to here are changed
SECONDS = 120.0  # of tests for a change, as they took unchanged: the nearest and fastest
LONGEST = 120  # seconds that one test may take with a change
MEMORY = 12 << 30  # bytes: a change may ask for more than there are
PYTEST = ("-n", "0", "--tb=no", "-p", "no:cacheprovider", "-p", "benchmarks.mutations")
COVERAGE = """
[run]
parallel = true
data_file = {results}/lines
source = {tree}
patch = _exit
disable_warnings = couldnt-parse, no-data-collected, module-not-measured, module-not-imported, include-ignored
context = ${{PYTEST_CURRENT_TEST-}}
"""
COMPARISONS = {
    **{ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">")},
    **{ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.In: ("in", "not in"), ast.NotIn: ("not in", "in")},
    **{ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is")},
}
ARITHMETIC = {
    **{ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*")},
    **{ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "*"), ast.Pow: ("**", "*")},
}


def main() -> None:
    """Print the changes that no test noticed, and how many were noticed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", nargs="+", default=["nn", "data", "faces"], help="(default: nn data faces)")
    parser.add_argument("--changes", type=int, default=60, metavar="N", help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (default: %(default)s)")
    kept = Path(tempfile.gettempdir()) / "faces-mutations"
    parser.add_argument("--data", type=Path, default=kept, metavar="FOLDER", help="(default: %(default)s)")
    options = parser.parse_args()
    started = time.perf_counter()
    found = [change for package in options.packages for change in changes(package)]
    generator = random.Random(options.seed)
    sample = sorted(generator.sample(found, min(options.changes, len(found))), key=lambda change: change.start)
    options.data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mutations-") as scratch:
        tree = copy_checkout(Path(scratch) / "tree")
        reach = Reach(options.data, tree)
        unnoticed = 0
        for number, change in enumerate(sample, 1):
            verdict = run_changed(tree, change, *reach.tests(change))
            print(f"{number}/{len(sample)} {change}: {verdict}", file=sys.stderr, flush=True)
            if verdict == "not noticed":
                unnoticed += 1
                print(change, flush=True)
    print(f"noticed {len(sample) - unnoticed} of {len(sample)}, of {len(found)} possible changes")
    print(f"seed {options.seed}, {(time.perf_counter() - started) / 60:.0f} minutes", file=sys.stderr)


@dataclass(frozen=True)
class Change:
    """One token of a file, `before`, at the bytes from `start` on, becomes `after`.

    `lines` are those whose tests can notice it; None for what runs when the module is imported, defaults among it.
    """

    start: tuple[str, int, int]  # file, line, byte of the line
    before: str
    after: str
    lines: range | None

    def __str__(self) -> str:
        file, line, _ = self.start
        old = CHECKOUT.joinpath(file).read_bytes().splitlines()[line - 1].decode().strip()
        new = self.apply(CHECKOUT.joinpath(file).read_bytes()).splitlines()[line - 1].decode().strip()
        return f"{file}:{line}: {old} -> {new}"

    def apply(self, source: bytes) -> bytes:
        """Return the file with the change."""
        _, line, column = self.start
        lines = source.splitlines(keepends=True)
        changed = lines[line - 1]
        end = column + len(self.before.encode())
        lines[line - 1] = changed[:column] + self.after.encode() + changed[end:]
        return b"".join(lines)


def changes(package: str) -> Iterator[Change]:
    """Yield the changes of a package, file by file; of a number's two neighbours one is taken by its place."""
    for path in sorted((CHECKOUT / package).rglob("*.py")):
        finder = Finder(path)
        finder.visit(ast.parse(finder.source))
        yield from finder.found


class Finder(ast.NodeVisitor):
    """Collects the changes of one file in `found`."""

    def __init__(self, path: Path) -> None:
        self.file = path.relative_to(CHECKOUT).as_posix()
        self.source = path.read_bytes()
        self.found: list[Change] = []
        self._lines = self.source.splitlines()
        self._within: range | None = None

    def visit(self, node: ast.AST) -> None:
        """Look into what is product code: no texts, no annotations, nothing that is raised or logged."""
        outer = self._within
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Raise() | ast.JoinedStr() | ast.arg():
                return
            case ast.Call(func=ast.Attribute(value=ast.Name(id="_log" | "logging" | "warnings"))):
                return
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                return
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._within = None
                self._visit_all([*node.decorator_list, node.args])
                self._within = range(node.body[0].lineno, (node.end_lineno or 0) + 1)
                self._visit_all(node.body)
            case ast.ClassDef():
                self._within = None
                self._visit_all(ast.iter_child_nodes(node))
            case ast.stmt():
                if self._within:
                    nested = [child.lineno for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
                    end = nested[0] if nested else (node.end_lineno or 0) + 1
                    self._within = range(node.lineno, max(end, node.lineno + 1))
                self._change(node)
                annotation = node.annotation if isinstance(node, ast.AnnAssign) else None
                self._visit_all(child for child in ast.iter_child_nodes(node) if child is not annotation)
            case _:
                self._change(node)
                self._visit_all(ast.iter_child_nodes(node))
        self._within = outer

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _change(self, node: ast.AST) -> None:
        match node:
            case ast.Compare():
                operands = [node.left, *node.comparators]
                for left, kind, right in zip(operands, node.ops, operands[1:], strict=False):
                    self._between(left, right, *COMPARISONS[type(kind)])
            case ast.BinOp() if type(node.op) in ARITHMETIC:
                self._between(node.left, node.right, *ARITHMETIC[type(node.op)])
            case ast.AugAssign() if type(node.op) in ARITHMETIC:
                self._between(node.target, node.value, *ARITHMETIC[type(node.op)])
            case ast.BoolOp():
                words = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
                for left, right in zip(node.values, node.values[1:], strict=False):
                    self._between(left, right, *words)
            case ast.UnaryOp(op=ast.Not()):
                self._at(node, "not ", "")
            case ast.UnaryOp(op=ast.USub()):
                self._at(node, "-", "+")
            case ast.Constant(value=bool(value)):
                self._at(node, str(value), str(not value))
            case ast.Constant(value=int(value)) if value <= SMALL:
                up = value == 0 or (node.lineno + node.col_offset) % 2 == 0
                self._at(node, str(value), str(value + 1 if up else value - 1))
            case ast.Name(id="min" | "max"):
                self._at(node, node.id, "max" if node.id == "min" else "min")

    def _at(self, node: ast.expr, before: str, after: str) -> None:
        if self._lines[node.lineno - 1][node.col_offset :].startswith(before.encode()):
            self.found.append(Change((self.file, node.lineno, node.col_offset), before, after, self._within))

    def _between(self, left: ast.expr, right: ast.expr, before: str, after: str) -> None:
        line, column = left.end_lineno or 0, left.end_col_offset or 0
        while line <= right.lineno:
            text = self._lines[line - 1][: right.col_offset if line == right.lineno else None]
            place = re.search(re.escape(before.encode()), re.sub(rb"#.*", b"", text[column:]))
            if place:
                self.found.append(Change((self.file, line, column + place.start()), before, after, self._within))
                return
            line, column = line + 1, 0


class Reach:
    """Which tests run which lines: measured in `tree`, kept in `folder`."""

    def __init__(self, folder: Path, tree: Path) -> None:
        self._file = folder / "tests.json"
        self._lines = CoverageData(str(folder / "lines.db"))
        code = [path for path in tree.rglob("*.py") if path.relative_to(tree).parts[0] not in ("benchmarks", "tests")]
        digest = _digest(tree, [*code, *tree.rglob("conftest.py")])
        now = {str(path.relative_to(tree)): _digest(tree, [path]) for path in (tree / "tests").rglob("test_*.py")}
        known = json.loads(self._file.read_text()) if self._file.is_file() else {}
        if known.get("code") != digest:
            known = {"code": digest, "files": {}, "tests": {}}
            self._lines.erase()
        self._lines.read()  # what is there is added to
        changed = sorted(file for file in now if known["files"].get(file) != now[file])
        kept = {test: about for test, about in known["tests"].items() if _file_of(test) in now.keys() - set(changed)}
        known["tests"], known["files"] = kept, {file: now[file] for file in now if file not in changed}
        for folder, files in groupby(changed, key=lambda file: Path(file).parent):
            own = list(files)
            print(f"measuring which lines the tests of {folder} run", file=sys.stderr, flush=True)
            known["tests"] |= self._measure(tree, own)
            known["files"] |= {file: now[file] for file in own}
            self._file.write_text(json.dumps(known))
        self._tests = {test: Test(**about) for test, about in known["tests"].items()}
        idle = self._tests.keys() - self._named(self._lines.measured_contexts())
        self._readers = {test for test in idle if self._tests[test].seconds < 1}  # they read the code as text
        passed = sum(about.passed for about in self._tests.values())
        others = len(self._tests) - passed
        print(f"{passed} tests; {others} more are left out: skipped, or not passed while measured", file=sys.stderr)

    def _named(self, contexts: Iterable[str]) -> set[str]:
        """Return the tests that contexts stand for: a test, a fixture, or a process that a test has started."""
        names = {re.sub(r" \((setup|call|teardown)\)$", "", context) for context in contexts}
        return {test for test, about in self._tests.items() if test in names or not names.isdisjoint(about.fixtures)}

    def _measure(self, tree: Path, files: list[str]) -> dict[str, dict[str, object]]:
        with tempfile.TemporaryDirectory() as results:
            settings, measured = Path(results) / "coveragerc", Path(results) / "tests.json"
            settings.write_text(COVERAGE.format(results=results, tree=tree))
            told = {"COVERAGE_PROCESS_START": str(settings), "MUTATIONS_TESTS": str(measured)}
            run_tests(tree, files, None, stdout=sys.stderr, **told)
            for part in Path(results).glob("lines.*"):
                data = CoverageData(str(part))
                with suppress(CoverageException):  # of a process that a test killed while it wrote
                    data.read()
                    self._lines.update(data, map_path=lambda path: str(Path(path).relative_to(tree)))
            tests: dict[str, dict[str, object]] = json.loads(measured.read_text())
        return tests

    def tests(self, change: Change) -> tuple[list[str], float]:
        """Return the tests to run for a change, the nearest files first, then the fastest; and their seconds."""
        file = Path(change.start[0])
        mirrored = "tests" / file.parent
        while not (CHECKOUT / mirrored).is_dir():
            mirrored = mirrored.parent
        contexts = self._lines.contexts_by_lineno(str(file))
        lines = contexts.keys() if change.lines is None else contexts.keys() & change.lines
        chosen = self._named(context for line in lines for context in contexts[line])
        near = {test for test in self._tests if Path(_file_of(test)).is_relative_to(mirrored)}
        if change.lines is None:
            whole = {_file_of(test) for test in chosen}
            chosen = {test for test in self._tests if _file_of(test) in whole}
        if change.lines is None or not chosen:
            chosen |= near | self._readers
        passed = [test for test in self._tests if test in chosen and self._tests[test].passed]
        files: dict[str, list[str]] = {}
        for test in passed:
            files.setdefault(_file_of(test), []).append(test)

        def seconds(tests: list[str]) -> float:
            return sum(self._tests[test].seconds for test in tests)

        ordered = sorted(files.values(), key=lambda tests: (tests[0] not in near, seconds(tests)))
        picked: list[str] = []
        for tests in ordered:
            if not picked or seconds(picked) + seconds(tests) <= SECONDS:
                picked += tests
        return picked, seconds(picked)


@dataclass
class Test:
    """How a test went without a change; `fixtures` are the contexts of the shared ones it uses."""

    passed: bool
    seconds: float
    fixtures: list[str]


def run_changed(tree: Path, change: Change, tests: list[str], seconds: float) -> str:
    """Return what became of the tests, which take so long, with the change in the copy; it is then undone."""
    path = tree / change.start[0]
    source = path.read_bytes()
    path.write_bytes(change.apply(source))
    try:
        said = run_tests(tree, ["-x", *tests], 3 * seconds + 60)
    finally:
        path.write_bytes(source)
    if said is None or said[0] == -signal.SIGALRM:
        return "noticed: no end"
    code, text = said
    if code == 0:
        return "not noticed"
    failed = re.search(r"^(?:FAILED|ERROR) (.*)", text, re.MULTILINE)
    return f"noticed: {failed[1][:100] if failed else f'exit code {code}'}"


def run_tests(
    tree: Path, arguments: list[str], seconds: float | None, stdout: TextIO | None = None, **environment: str
) -> tuple[int, str] | None:
    """Return pytest's exit code and what it printed, or None after `seconds`."""
    own = {
        "PYTHONPATH": str(tree),
        "PYTHONDONTWRITEBYTECODE": "1",  # a change within the second of the file's date would not be seen
        "FACES_SHARED": os.environ.get("FACES_SHARED", str(CHECKOUT.parent / "shared")),
        "OMP_NUM_THREADS": "1",
    }
    shutil.rmtree(tree / ".hypothesis", ignore_errors=True)  # which remembers what failed with another change
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *PYTEST, *arguments],
        cwd=tree,
        env=os.environ | own | environment,
        stdout=stdout or subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY)),
    )
    try:
        text, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        with suppress(ProcessLookupError):  # what is left of it, and of what it has started
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return process.returncode, text


def copy_checkout(tree: Path) -> Path:
    """Copy the files that git knows or does not ignore."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True).stdout.split("\0"):
        if name and (CHECKOUT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, tree / name)
    return tree


def _digest(tree: Path, files: list[Path]) -> str:
    parts = (f"{path.relative_to(tree)}\0".encode() + path.read_bytes() for path in sorted(files))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _file_of(test: str) -> str:
    return test.partition("::")[0]


# What follows is called by pytest, of which this file is a plugin.

_tests: dict[str, Test] = {}


@contextmanager
def _context(name: str) -> Iterator[None]:
    measuring = Coverage.current()
    outer = measuring.switch_context(name) if measuring else None
    yield
    if measuring:
        measuring.switch_context(outer or "")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note the lines under the name of the test; with a change, let it end the run if it has no end."""
    if Coverage.current() is None:
        signal.alarm(LONGEST)
    names: list[str] = item.fixturenames  # type: ignore[attr-defined]
    _tests[item.nodeid] = Test(True, 0.0, [f"fixture {name}" for name in names])
    with _context(item.nodeid):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
    """Note the lines of a fixture that tests share under its own name."""
    if fixturedef.scope == "function":
        return (yield)
    with _context(f"fixture {fixturedef.argname}"):
        return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note how long each part of a test took, and whether it passed."""
    test = _tests[report.nodeid]
    test.seconds += report.duration
    test.passed &= report.passed


def pytest_sessionfinish() -> None:
    """Write down what is known of the tests."""
    if Coverage.current() is not None:
        Path(os.environ["MUTATIONS_TESTS"]).write_text(json.dumps({name: vars(test) for name, test in _tests.items()}))


if __name__ == "__main__":
    main()
