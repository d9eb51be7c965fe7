"""The page of a run as text: what it says, what it leaves out, that names cannot break it, that it stays small."""

import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from report.hidden_units import UnitClass
from report.page import (
    ANSWER_SIDE,
    PHOTOS_A_UNIT,
    UNIT_PHOTO_SIDE,
    Accepted,
    Accuracy,
    Answer,
    Calibration,
    DownloadReport,
    Page,
    Unit,
    Units,
    Unknown,
    Words,
    photo_jpeg,
    ranked,
    render,
    strongest,
)
from report.results import ClassAccuracy, ConfusedPair

HOSTILE = "<script>alert(1)</script>\"'&\x00\ud800"


def photo(seed: int, width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8))


def png(width: int = 20, height: int = 10) -> bytes:
    buffer = io.BytesIO()
    photo(0, width, height).save(buffer, "PNG")
    return buffer.getvalue()


JPEG = photo_jpeg(photo(1, 40, 30), 40)


def answer(true: str = "Ann", predicted: str = "Bob") -> Answer:
    return Answer(JPEG, f"{true}/7.jpg", true, predicted, 0.9, "Cy", 0.05)


UNKNOWN = Unknown(
    quantity="the largest logit",
    threshold=1.25,
    share=0.01,
    known=Accepted(62, 100, 5, (0.551, 0.704)),
    strangers=Accepted(1, 50, 5, (0.0, 0.04)),
    curve_png=png(),
)
FULL = Page(
    title="Three people",
    subtitle="a hidden layer",
    accuracy=Accuracy(105, 120),
    macro_f1=0.8712,
    facts=[("Epochs", "100"), ("Seed", "0")],
    counts={"train": {"Ann": 70, "Bob": 58}, "test": {"Ann": 60, "Bob": 60}},
    curve_png=png(),
    confusion_png=png(),
    confused=[ConfusedPair("Ann", "Bob", 4, 60)],
    mistakes=[answer()],
    surest=[answer("Ann", "Ann")],
    least_sure=[answer("Bob", "Bob")],
    units=Units([Unit(17, "Ann", png(), [JPEG] * 3), Unit(4, "Bob", None, [JPEG])], n=300),
    calibration=Calibration(0.5, 120, 0.21, 0.034, png()),
    unknown=UNKNOWN,
    download=DownloadReport(10, 6, {"ok": 6, "http_404": 3, "new_reason": 1}),
)
BARE = Page(title="Three people", subtitle="", accuracy=Accuracy(0, 0))


class Reader(HTMLParser):
    """Reads a page strictly: elements closed in order. Keeps what the tests ask for."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((name, dict(attributes)))
        if name not in {"meta", "img", "link"}:
            self.open.append(name)

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for element, attributes in self.elements if element == name]

    @property
    def text(self) -> str:
        return " ".join(self.words)


def sections(page: Page) -> set[str | None]:
    return {attributes["id"] for attributes in Reader(render(page)).all("section")}


def test_the_head_line_is_the_accuracy_in_plain_words_with_its_interval() -> None:
    text = Reader(render(FULL)).text
    assert "87.5%" in text
    assert "Right for 105 of 120 photos it had never seen." in text
    assert "95% interval 80.4% to 92.3%, n = 120; macro F1 0.871" in text
    assert "always naming the most frequent person: 50.0%" in text


def test_an_interval_from_drawing_people_takes_the_place_of_wilsons() -> None:
    text = Reader(render(replace(FULL, accuracy=Accuracy(105, 120, (0.75, 0.95))))).text
    assert "95% interval 75.0% to 95.0%, from drawing people anew, n = 120" in text
    assert "drawing" not in Reader(render(BARE)).text


def words_of(page: Page) -> str:
    return " ".join(Reader(render(page)).text.split())


def test_the_page_says_what_to_expect_of_strangers_and_of_known_people() -> None:
    text = words_of(FULL)
    assert (
        "Expect that of 100 strangers about 2 are given a name, and of 100 photos of the people it knows about 62"
        in text
    )
    assert "counted on 50 photos of 5 strangers and 100 photos of 5 known people" in text
    assert "so that at most 1.0% of these pass" in text
    assert "1 of 50" in text
    assert "95% interval 55.1% to 70.4%, from drawing 5 people anew" in text
    for passed, said in ((1, "about one is"), (0, "fewer than one is"), (37, "about 37 are")):
        unknown = replace(UNKNOWN, strangers=Accepted(passed, 100, 5, (0.0, 0.4)))
        assert f"of 100 strangers {said} given a name" in words_of(replace(FULL, unknown=unknown))


@pytest.mark.parametrize("reason", ["there are no test photos", "there are 3 people"])
def test_what_cannot_be_known_of_strangers_is_said_with_its_reason(reason: str) -> None:
    unknown = replace(UNKNOWN, strangers=None, not_known=reason, curve_png=b"")
    text = words_of(replace(FULL, unknown=unknown))
    assert f"How many strangers are given a name cannot be known: {reason}. So the threshold lets nine of ten" in text
    assert "Expect that" not in text
    assert "62 of 100" in text


@pytest.mark.parametrize(("temperature", "made"), [(0.5, "surer"), (2.0, "less sure")])
def test_the_page_says_how_far_probabilities_are_from_the_truth(temperature: float, made: str) -> None:
    text = words_of(replace(FULL, calibration=Calibration(temperature, 120, 0.21, 0.034, png())))
    assert "On the 120 test photos the two are 3.4% apart on average." in text
    assert f"made {made}, all alike, by what the validation photos showed, they were 21.0% apart" in text


def test_macro_f1_says_over_whom_it_is_when_some_have_no_test_photos() -> None:
    tested = [ClassAccuracy(name, 1, 1) for name in ("Ann", "Bob")]
    some, everyone = (Reader(render(replace(FULL, people=people, by_person=tested))).text for people in (3, 2))
    assert "macro F1 0.871 over 2 of 3 people with test photos, in which every person counts equally" in some
    assert "macro F1 0.871, in which every person counts equally" in everyone


@pytest.mark.parametrize(("people", "left"), [(3, ""), (10, ""), (11, "1 more person"), (1000, "990 more people")])
def test_ten_people_with_the_lowest_accuracy_are_listed(people: int, left: str) -> None:
    tested = [ClassAccuracy(f"Person {number}", number, 2000) for number in range(people)]
    text = Reader(render(replace(FULL, people=people, by_person=tested))).text
    assert text.count("of 2,000") == min(people, 10)
    assert f"{left} with test photos: metrics.json, under people." in text if left else "metrics.json" not in text


def test_those_who_were_always_recognised_are_no_lowest() -> None:
    tested = [ClassAccuracy("Cy", 1, 2), ClassAccuracy("Di", 2, 2), ClassAccuracy("Ed", 3, 3)]
    text = Reader(render(replace(FULL, people=3, by_person=tested))).text
    assert "Lowest accuracy" in text
    assert "1 of 2" in text
    assert "2 of 2" not in text
    assert "Lowest accuracy" not in Reader(render(replace(FULL, people=2, by_person=tested[1:]))).text


def test_of_many_photos_hundredths_of_a_percent_are_told() -> None:
    text = Reader(render(replace(BARE, accuracy=Accuracy(9967, 10_000)))).text
    assert "99.67%" in text
    assert "95% interval 99.54% to 99.76%, n = 10,000" in text


def test_what_is_told_apart_may_be_called_otherwise() -> None:
    words = Words(
        photo="leaf",
        photos="leaves",
        person="tree",
        people="trees",
        name="tree",
        names="trees",
        who="what",
        whom="what",
    )
    said = replace(FULL, words=words, calibration=None, unknown=None, download=None, mistakes=[answer("oak", "elm")])
    said = replace(said, title="Trees", weights_png=png(), weights_words="A weight for each vein.")
    read = Reader(render(said))
    for phrase in (
        "Right for 105 of 120 leaves it had never seen.",
        "in which every tree counts equally",
        "always naming the most frequent tree",
        "It learned from the training leaves.",
        "What it confuses",
        "what it actually is, and the two trees",
    ):
        assert phrase in read.text
    assert not re.search(r"\b(photos?|person|people|whom|names?)\b", read.text, re.IGNORECASE)
    assert any(image["alt"] == "A weight for each vein." for image in read.all("img"))
    assert any((image["alt"] or "").startswith("Leaf of oak, taken for elm") for image in read.all("img"))
    assert not any("hoto" in (image["alt"] or "") for image in read.all("img"))


def test_answers_are_ranked_and_only_those_shown_are_opened() -> None:
    asked = [
        replace(answer("Ann", said), file=f"{n}.jpg", probability=n / 100) for n in range(80) for said in ("Ann", "Bob")
    ]
    opened: list[str] = []
    shown = ranked(asked, lambda answer: opened.append(answer.file) or JPEG)
    assert [a.file for a in shown.mistakes[:2]] == ["79.jpg", "78.jpg"]
    assert {a.predicted for a in shown.mistakes} == {"Bob"}
    assert {a.predicted for a in shown.surest} == {"Ann"}
    assert [a.file for a in shown.least_sure[:3]] == ["0.jpg", "0.jpg", "1.jpg"]
    assert len(opened) == sum(map(len, (shown.mistakes, shown.surest, shown.least_sure))) == 24 + 6 + 6


def test_mistakes_that_are_not_shown_are_counted() -> None:
    wrong = [replace(answer(), file=f"{n}.jpg", probability=n / 100) for n in range(30)]
    right = [answer("Ann", "Ann")] * 70

    def text(mistakes: int) -> str:
        shown = ranked(wrong[:mistakes] + right, lambda answer: JPEG)
        accuracy = Accuracy(len(right), mistakes + len(right))
        return Reader(render(replace(BARE, accuracy=accuracy, mistakes=shown.mistakes))).text

    assert text(30).count("Actually") == 24
    assert "6 more mistakes, made with less certainty." in text(30)
    assert "1 more mistake, made with less certainty." in text(25)
    assert "more mistake" not in text(24)


@pytest.mark.parametrize(("people", "each"), [(2, 6), (8, 6), (12, 3), (30, 1), (100, 1)])
def test_people_share_the_units_shown_and_the_strongest_are_shown(people: int, each: int) -> None:
    described = [UnitClass(unit, f"Person {unit % people:02}", float(unit)) for unit in range(1000)]
    shown = strongest(described)
    assert len({unit_class.name for unit_class in shown}) == min(people, 30)
    first = [unit_class for unit_class in shown if unit_class.name == "Person 00"]
    strongest_per_class = sorted(
        (unit_class for unit_class in described if unit_class.name == "Person 00"),
        key=lambda unit_class: -unit_class.strength,
    )
    assert first == strongest_per_class[:each]
    assert len(shown) == each * min(people, 30)


def test_units_are_counted_against_all_that_the_network_has() -> None:
    assert "The strongest of each person shown: 2 of 300 hidden units." in Reader(render(FULL)).text
    assert FULL.units is not None
    whole = replace(FULL, units=replace(FULL.units, n=2))
    assert "The strongest of each person" not in Reader(render(whole)).text


def test_a_network_without_a_hidden_layer_shows_its_outputs() -> None:
    outputs = Units([Unit(0, "Ann", None, [JPEG]), Unit(1, "Bob", None, [JPEG])], n=2, hidden=False)
    read = Reader(render(replace(FULL, units=outputs)))
    for phrase in ("What its outputs look for", "The network has no hidden layer", "Output 0", "Output 1"):
        assert phrase in read.text
    assert "hidden unit" not in read.text
    assert not any("unit" in (image["alt"] or "") for image in read.all("img"))
    hidden = Reader(render(FULL)).text
    assert "What its hidden units look for" in hidden
    assert "Hidden unit 17" in hidden
    assert "output" not in hidden


def test_the_least_sure_answers_are_said_to_be_what_they_are_ranked_by() -> None:
    sure = replace(answer("Ann", "Ann"), probability=0.9, runner_up_probability=0.09)
    torn = replace(sure, file="torn.jpg", probability=0.5, runner_up_probability=0.49)
    lost = replace(sure, file="lost.jpg", probability=0.4, runner_up_probability=0.1)
    shown = ranked([sure, torn, lost], lambda answer: JPEG).least_sure
    assert [a.file for a in shown] == ["lost.jpg", "torn.jpg", sure.file]
    text = Reader(render(replace(BARE, least_sure=shown))).text
    assert "The photos whose most probable name had the lowest probability" in text


def test_per_cent_is_written_without_a_space() -> None:
    text = Reader(render(FULL)).text
    assert "87.5%" in text
    assert not re.search(r"\d\s+%", text)


def test_same_content_same_bytes() -> None:
    assert render(FULL) == render(replace(FULL))


def test_a_full_page_has_all_sections_and_links_to_each() -> None:
    everything = {"data", "learning", "confusion", "mistakes", "certainty", "units", "download"}
    everything |= {"calibration", "strangers"}
    assert sections(FULL) == everything
    assert {link["href"] for link in Reader(render(FULL)).all("a")} == {f"#{anchor}" for anchor in everything}


@pytest.mark.parametrize(
    ("section", "without"),
    [
        ("data", {"facts": (), "counts": {}}),
        ("learning", {"curve_png": b""}),
        ("confusion", {"confusion_png": b"", "confused": ()}),
        ("mistakes", {"mistakes": ()}),
        ("certainty", {"surest": (), "least_sure": ()}),
        ("units", {"units": None}),
        ("calibration", {"calibration": None}),
        ("strangers", {"unknown": None}),
        ("download", {"download": None}),
    ],
)
def test_a_section_without_content_is_left_out_and_the_others_stay(section: str, without: dict[str, object]) -> None:
    assert sections(replace(FULL, **without)) == sections(FULL) - {section}  # type: ignore[arg-type]


def test_a_run_without_test_photos_claims_no_accuracy() -> None:
    text = Reader(render(BARE)).text
    assert "%" not in text
    assert "No photos were set aside for testing, so its accuracy is unknown." in text


def test_names_and_files_of_strangers_are_text_wherever_they_stand() -> None:
    page = Page(
        title=HOSTILE,
        subtitle=HOSTILE,
        accuracy=Accuracy(1, 2),
        facts=[(HOSTILE, HOSTILE)],
        counts={HOSTILE: {HOSTILE: 2}},
        confused=[ConfusedPair(HOSTILE, HOSTILE, 1, 2)],
        mistakes=[Answer(JPEG, HOSTILE, HOSTILE, "Bob", 0.9, HOSTILE, 0.1)],
        surest=[Answer(JPEG, HOSTILE, "Bob", "Bob", 0.9, HOSTILE, 0.1)],
        units=Units([Unit(1, HOSTILE, None, [JPEG])], n=1),
        unknown=replace(UNKNOWN, quantity=HOSTILE, strangers=None, not_known=HOSTILE),
        download=DownloadReport(2, 1, {HOSTILE: 1}),
    )
    read = Reader(render(page))
    assert not read.all("script")
    assert {key for _, attributes in read.elements for key in attributes if key.startswith("on")} == set()
    shown = "<script>alert(1)</script>\"'&\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"
    assert read.text.count(shown) >= 16
    render(page).encode()  # a file name that is not Unicode does not keep the page from being written


def test_the_page_forbids_itself_everything_and_needs_nothing() -> None:
    page = render(FULL)
    read = Reader(page)
    policy = next(meta["content"] for meta in read.all("meta") if meta.get("http-equiv")) or ""
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    addresses = [value or "" for _, found in read.elements for key, value in found.items() if key in {"src", "href"}]
    assert all(address.startswith(("data:image/", "#")) for address in addresses)
    assert not re.search(r"url\(|@import|style=", page)


def test_the_page_can_be_read_by_those_who_do_not_see_it() -> None:
    read = Reader(render(FULL))
    assert read.all("html") == [{"lang": "en"}]
    assert len(read.all("h1")) == 1
    assert all(image["alt"] for image in read.all("img"))
    assert all(cell["scope"] in {"row", "col"} for cell in read.all("th"))
    assert len(read.all("caption")) == len(read.all("table")) > 0
    identifiers = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))


def test_a_mistake_says_who_it_actually_was_and_a_right_answer_does_not() -> None:
    assert "Actually  Ann" in Reader(render(replace(BARE, mistakes=[answer("Ann", "Bob")]))).text
    assert "Actually" not in Reader(render(replace(BARE, surest=[answer("Ann", "Ann")]))).text


def test_reasons_are_put_into_words_and_unknown_ones_stand_for_themselves() -> None:
    text = Reader(render(FULL)).text
    assert "Of 10 photos on the list, 6 arrived (60.0%)." in text
    assert text.index("verified and kept") < text.index("no longer there") < text.index("new_reason")


@pytest.mark.parametrize("people", [100, 1000])
def test_many_people_make_a_page_of_a_few_megabytes(people: int) -> None:
    names = [f"Person {number:04}" for number in range(people)]
    large, small = photo_jpeg(photo(2, 400, 400), ANSWER_SIDE), photo_jpeg(photo(3, 400, 400), UNIT_PHOTO_SIDE)
    asked = [answer(name, said) for name in names for said in (name, "somebody else")]
    shown = ranked(asked, lambda answer: large)  # noise: the largest photos there are
    described = [UnitClass(number, names[number // 3], 1.0) for number in range(3 * people)]
    units = [
        Unit(unit_class.unit, unit_class.name, png(32, 32), [small] * PHOTOS_A_UNIT)
        for unit_class in strongest(described)
    ]
    page = replace(
        FULL,
        accuracy=Accuracy(people, 2 * people),
        mistakes=shown.mistakes,
        surest=shown.surest,
        least_sure=shown.least_sure,
        units=Units(units, n=3 * people),
        people=people,
        by_person=[ClassAccuracy(name, 1, 2) for name in names],
        confused=[ConfusedPair(name, "somebody else", 1, 2) for name in names],
        counts={"train": {name: 30 + number for number, name in enumerate(names)}},
    )
    written = render(page)
    assert len(written) < 5e6
    text = Reader(written).text
    assert f"These are the people with the fewest photos; {people - 25} more are in metrics.json, under counts." in text
    assert f"The strongest of each person shown: 30 of {3 * people:,} hidden units." in text
    assert f"{people - 24} more mistakes, made with less certainty." in text
