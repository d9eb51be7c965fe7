"""The page in real Chromium: what people do on it, with keys, clicks and fingers."""

import json
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cli

Serve = Callable[..., Any]
Heap = Callable[..., Path]
Open = Callable[..., Any]

# Of text against what is behind it, as the Web Content Accessibility Guidelines 2.2 define it (1.4.3)
CONTRAST = """selectors => {
  const number = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = number(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  return selectors.flatMap(selector => [...document.querySelectorAll(selector)]).filter(one => one.checkVisibility())
    .map(one => {
      const [a, b] = [light(number(getComputedStyle(one).color)), light(behind(one))].sort((x, y) => y - x);
      return [one.outerHTML.slice(0, 60), (a + 0.05) / (b + 0.05)];
    });
}"""
SIZES = """() => [...document.querySelectorAll("button, input, a")].filter(one => one.checkVisibility()).map(one => {
  const box = one.getBoundingClientRect();
  return [one.outerHTML.slice(0, 60), box.width, box.height];
})"""
FOCUS = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  return {card: one.closest(".card")?.dataset.id, is: one.tagName, outline: getComputedStyle(one).outlineStyle,
          seen: box.top >= 0 && box.bottom <= innerHeight};
}"""


def cards(page: Any, title: str) -> list[str]:
    """The names on the cards of a section, in their order."""
    found: list[str] = page.locator(f"h2:has-text('{title}') + ul .card .about b").all_inner_texts()
    return found


def wait_for(page: Any, title: str, expected: list[str]) -> None:
    end = time.monotonic() + 10
    while cards(page, title) != expected:
        assert time.monotonic() < end, cards(page, title)
        page.wait_for_timeout(20)


def counts(page: Any) -> list[str]:
    """How many faces each card has, in their order."""
    found: list[str] = page.locator(".card .about span").all_inner_texts()
    return found


def wait_for_counts(page: Any, *expected: int) -> None:
    end = time.monotonic() + 10
    while counts(page) != [f"{n} face{'s' if n > 1 else ''}" for n in expected]:
        assert time.monotonic() < end, counts(page)
        page.wait_for_timeout(20)


def focus(page: Any) -> Any:
    return page.evaluate(FOCUS)


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def name(page: Any, text: str) -> None:
    press(page, "Enter")
    page.keyboard.type(text)
    press(page, "Enter")


@pytest.fixture
def page(serve_here: Serve, heap: Heap, open_page: Open) -> Any:
    """The page over groups of 5, 4, 3 and 2 faces, and three that are unsorted."""
    return open_page(serve_here(heap([5, 4, 3, 2], unsorted=3)))


def test_six_people_are_named_with_two_keys_each_beside_the_letters(
    serve_here: Serve, heap: Heap, open_page: Open
) -> None:
    names = ["Ada Lovelace", "Grace Hopper", "Katherine Johnson", "Mary Jackson", "Hedy Lamarr", "Joan Clarke"]
    page = open_page(serve_here(heap([8, 7, 6, 5, 4, 3])))
    keys = 0
    for one in names:
        press(page, "Enter")
        page.keyboard.type(one)  # no waiting: who types fast loses nothing
        press(page, "Enter")
        keys += 2
    wait_for(page, "With a name", names)
    assert keys <= 3 * len(names)
    assert page.locator("#progress").inner_text() == "6 of 6 groups named"


def test_the_largest_group_comes_first_and_the_focus_goes_on(page: Any) -> None:
    wait_for_counts(page, 5, 4, 3, 2, 3)
    assert focus(page)["card"] == "group-1"
    name(page, "Ada")
    wait_for(page, "With a name", ["Ada"])
    assert focus(page) == {"card": "group-2", "is": "LI", "outline": "solid", "seen": True}
    press(page, "n")
    wait_for(page, "Nobody you know", ["Nobody you know"])
    assert focus(page)["card"] == "group-3"
    press(page, "f")
    page.wait_for_selector("h2:has-text('Not faces')")
    assert focus(page)["card"] == "group-4"


def test_arrows_go_from_card_to_card(page: Any) -> None:
    seen = []
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"):
        press(page, key)
        seen.append(focus(page)["card"])
    assert seen[:3] == ["group-2", "group-3", "group-2"]
    assert len(set(seen[2:])) > 1
    assert focus(page)["outline"] == "solid"


def test_two_groups_are_merged_and_it_is_undone(page: Any) -> None:
    press(page, " ", "ArrowRight", " ")
    assert page.locator("#picked-about").inner_text() == "2 groups picked"
    press(page, "m")
    wait_for_counts(page, 9, 3, 2, 3)
    assert page.locator("#picked").is_hidden()
    assert focus(page)["card"] == "group-1"
    press(page, "u")
    wait_for_counts(page, 5, 4, 3, 2, 3)


def test_faces_are_split_off_a_group_with_clicks(page: Any) -> None:
    page.click(".thumbs >> nth=0")
    for place in (0, 2):
        page.click(f"[data-face] >> nth={place}")
    page.click("text=Split off")
    page.wait_for_selector("#group-title:has-text('3 faces')")
    press(page, "Escape")
    wait_for_counts(page, 4, 3, 3, 2, 2, 3)


def test_faces_of_a_group_are_somebody_else_s_with_keys(page: Any) -> None:
    name(page, "Ada")
    wait_for(page, "With a name", ["Ada"])
    page.focus("[data-id=group-1]")
    press(page, "o")
    page.wait_for_selector("#group[open]")
    press(page, " ", "ArrowRight", " ", "Enter")
    page.keyboard.type("Bo")
    press(page, "Enter")
    wait_for(page, "With a name", ["Ada", "Bo"])
    page.wait_for_selector("#group-title:has-text('3 faces')")
    press(page, " ", "x")  # not this person: it is nobody's again
    page.wait_for_selector("#group-title:has-text('2 faces')")
    press(page, "Escape")
    assert page.locator("h2:has-text('Unsorted') small").inner_text() == "4 faces"
    assert focus(page)["card"] == "group-1"


def test_everything_is_undone_back_to_the_beginning_and_done_again(page: Any) -> None:
    before = page.locator("#cards").inner_text()
    name(page, "Ada")
    name(page, "Bo")
    press(page, "n", "f")
    page.wait_for_selector("h2:has-text('Not faces')")
    after = page.locator("#cards").inner_text()
    for _ in range(4):
        press(page, "u")
    page.wait_for_selector("#undo[disabled]")
    assert page.locator("#cards").inner_text() == before
    for _ in range(4):
        press(page, "r")
    page.wait_for_selector("#redo[disabled]")
    assert page.locator("#cards").inner_text() == after


def test_the_page_is_as_it_was_after_a_reload(page: Any) -> None:
    name(page, "Ada")
    wait_for(page, "With a name", ["Ada"])
    page.reload()
    page.wait_for_selector(".card")
    wait_for(page, "With a name", ["Ada"])
    press(page, "u")
    page.wait_for_selector("h2:has-text('With a name')", state="detached")


def test_two_tabs_do_not_destroy_each_other_s_work(page: Any, open_page: Open) -> None:
    other = page.context.new_page()
    other.goto(page.url)  # the cookie of the link is enough
    other.wait_for_selector(".card")
    other.evaluate("setTimeout = () => 0")  # it asks for nothing by itself: it does not know of the other's work
    other.wait_for_timeout(500)
    name(page, "Ada")
    wait_for(page, "With a name", ["Ada"])
    name(other, "Bo")
    other.wait_for_selector("#line:has-text('another window')")
    page.expected = ["409 (Conflict)"]
    wait_for(other, "With a name", ["Ada"])
    assert other.locator("[data-id=group-1] input").input_value() == "Bo"  # what was typed is not lost
    wait_for(page, "With a name", ["Ada"])


def test_a_name_that_is_being_typed_stays_while_another_tab_decides(page: Any) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector(".card")
    press(page, "Enter")
    page.keyboard.type("Ada Lov")
    press(other, "ArrowRight")
    name(other, "Bo")
    wait_for(page, "With a name", ["Bo"])
    page.keyboard.type("elace")
    press(page, "Enter")
    wait_for(page, "With a name", ["Ada Lovelace", "Bo"])


def test_a_killed_server_loses_nothing(serve: Serve, heap: Heap, open_page: Open) -> None:
    folder = heap([3, 2])
    server = serve(folder)
    page = open_page(server.link)
    name(page, "Ada")
    wait_for(page, "With a name", ["Ada"])
    server.end(signal.SIGKILL)
    page.expected = ["ERR_CONNECTION_REFUSED"]
    press(page, "u")
    page.wait_for_selector("#line:has-text('The server does not answer: start it again')")
    again = open_page(serve(folder).link)
    wait_for(again, "With a name", ["Ada"])
    press(again, "u")
    again.wait_for_selector("h2:has-text('With a name')", state="detached")


def test_a_name_is_text_and_never_a_script(page: Any) -> None:
    wanted = "<img src=x onerror=document.title='ran'> \u202e&amp;"
    name(page, wanted)
    wait_for(page, "With a name", [wanted.replace("\u202e", "?")])
    name(page, "x" * 200)
    page.wait_for_selector("text=xxxx")
    page.focus("[data-id=group-1]")
    press(page, "o")
    page.wait_for_selector("#group[open]")
    assert "onerror" in page.locator("#group-title").inner_text()
    assert page.title() == "Who is this? heap"


def test_names_that_were_given_complete_what_is_typed(page: Any) -> None:
    name(page, "Ada Lovelace")
    wait_for(page, "With a name", ["Ada Lovelace"])
    options = page.evaluate("[...document.querySelector('.card input').list.options].map(one => one.value)")
    assert options == ["Ada Lovelace"]


def test_a_held_key_decides_once(page: Any) -> None:
    page.keyboard.down("n")
    page.keyboard.down("n")
    page.keyboard.down("n")
    page.keyboard.up("n")
    wait_for(page, "Nobody you know", ["Nobody you know"])
    page.wait_for_timeout(300)
    assert len(cards(page, "Without a name")) == 3


def test_an_empty_folder_says_what_to_do(serve_here: Serve, heap: Heap, open_page: Open) -> None:
    page = open_page(serve_here(heap([])))
    assert "There are no faces here yet" in page.locator("#cards").inner_text()
    press(page, "Enter", "x", "u", "m", "ArrowDown")


def test_every_control_has_a_name_and_tab_reaches_it(page: Any) -> None:
    name(page, "Ada")
    wait_for(page, "With a name", ["Ada"])
    for opened in (None, "o", "?", "t"):
        if opened:
            press(page, opened)
            page.wait_for_selector("dialog[open]")
        within = page.locator("dialog[open]" if opened else "body")
        nameless = within.evaluate(
            """root => [...root.querySelectorAll("button, input, a")].filter(one => one.checkVisibility())
            .filter(one => !(one.getAttribute("aria-label") || one.textContent.trim())).map(one => one.outerHTML)"""
        )
        assert nameless == []
        if opened:
            press(page, "Escape")
    page.wait_for_selector(".card:focus")  # a dialog that is closed gives it back
    page.locator("#undo").focus()
    reached = []
    for _ in range(12):
        press(page, "Tab")
        reached.append(
            page.evaluate(
                "document.activeElement.dataset.key || document.activeElement.id || document.activeElement.tagName"
            )
        )
    assert reached[:2] == ["keys", "train"]
    assert [one for one in reached if one in {"LI", "open", "name"}][:3] == ["LI", "open", "name"]
    assert focus(page)["outline"] == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read_in_light_and_dark(serve_here: Serve, heap: Heap, open_page: Open, scheme: str) -> None:
    page = open_page(serve_here(heap([3, 2], unsorted=1)), color_scheme=scheme)
    name(page, "Ada")
    wait_for(page, "With a name", ["Ada"])
    texts = [
        "h1",
        "h2",
        "#progress",
        ".about b",
        ".about span",
        ".card button",
        "#train",
        "#keys",
        "#undo",
        "#line .said",
    ]
    found = page.evaluate(CONTRAST, texts)
    assert len(found) > 15
    assert [one for one in found if one[1] < 4.5] == []
    press(page, "?")
    page.wait_for_selector("#help[open]")
    assert [one for one in page.evaluate(CONTRAST, ["#help dd", "#help kbd", "#help h2"]) if one[1] < 4.5] == []


def test_it_works_on_a_phone(serve_here: Serve, heap: Heap, open_page: Open) -> None:
    page = open_page(serve_here(heap([5, 4, 3], unsorted=2)), 390, 844, has_touch=True, is_mobile=True)

    def fits() -> None:
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
        assert [one for one in page.evaluate(SIZES) if min(one[1:]) < 35.5] == []

    fits()
    page.tap("input >> nth=0")
    page.keyboard.type("w" * 150)
    page.tap("form button >> nth=0")
    wait_for(page, "With a name", ["w" * 150])
    fits()
    page.tap("#take-back")
    page.wait_for_selector("text=Undone")
    page.tap("text=Pick >> nth=0")
    page.tap("text=Pick >> nth=1")
    fits()
    page.tap("#picked >> text=Merge")
    wait_for_counts(page, 9, 3, 2)
    page.tap(".thumbs >> nth=0")
    page.wait_for_selector("#group[open]")
    page.tap("[data-face] >> nth=1")
    fits()
    low = page.evaluate(
        "[...document.querySelectorAll('#group .actions button')].map(one => one.getBoundingClientRect().bottom)"
    )
    assert max(low) <= 844
    page.tap("#group >> text=Split off")
    page.wait_for_selector("#group-title:has-text('8 faces')")
    page.tap("#group >> text=Close")
    page.tap("#train")
    page.wait_for_selector("#training[open]")
    fits()


@pytest.fixture(scope="module")
def run(heap_of_module: Heap, without_pictures: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of six people, Person 1 to Person 6, of the same patterns as the groups."""
    photos = heap_of_module([12] * 6)
    (photos / "groups.sqlite").unlink()
    for number in range(1, 7):
        (photos / f"group-{number:03}").rename(photos / f"Person {number}")
    out = tmp_path_factory.mktemp("runs") / "six"
    flags = ("--epochs", "30", "--hidden", "30", "--strangers", "0.3", "--no-align", "--quiet")
    with pytest.MonkeyPatch.context() as patch:
        without_pictures(patch)
        assert cli.main(["train-faces", str(photos), "--model", "hidden", *flags, "--out", str(out)]) in {0, 1}
    return out


def test_with_a_run_each_person_is_one_key(serve_here: Serve, heap: Heap, open_page: Open, run: Path) -> None:
    folder = heap([6, 5, 4, 4, 3, 3], unsorted=0)
    page = open_page(serve_here(folder, run))
    page.wait_for_selector(".suggestion >> nth=5", timeout=30_000)
    assert "%" in page.locator(".suggestion .yes").first.inner_text()
    for _ in range(6):
        press(page, "Enter")
    wait_for(page, "With a name", [f"Person {number}" for number in range(1, 7)])


def test_a_rejected_name_is_never_suggested_for_that_face_again(
    serve: Serve, heap: Heap, open_page: Open, run: Path
) -> None:
    folder = heap([4, 3], unsorted=0)
    server = serve(folder, "--run", run)
    page = open_page(server.link)
    page.wait_for_selector("[data-id=group-1] .suggestion", timeout=30_000)
    assert "Person 1" in page.locator("[data-id=group-1] .yes").inner_text()
    press(page, "x")
    page.wait_for_selector("#line:has-text('4 faces not of Person 1')")
    assert "Person 1" not in page.locator("[data-id=group-1]").inner_text()
    assert focus(page)["card"] == "group-1"
    server.end(signal.SIGKILL)
    page.expected = ["ERR_CONNECTION_REFUSED"]
    again = open_page(serve(folder, "--run", run).link)
    again.wait_for_selector("[data-id=group-2] .suggestion", timeout=30_000)
    assert "Person 1" not in again.locator("[data-id=group-1]").inner_text()
    press(again, "u")
    again.wait_for_selector("[data-id=group-1] .yes:has-text('Person 1')")


def test_many_unsorted_faces_are_accepted_at_once(serve_here: Serve, heap: Heap, open_page: Open, run: Path) -> None:
    folder = heap([4, 5])
    shutil.copytree(folder / "group-002", folder / "unsorted")
    shutil.rmtree(folder / "group-002")
    page = open_page(serve_here(folder, run))
    page.wait_for_selector(".suggestion", timeout=30_000)
    page.wait_for_selector("#progress:not(:has-text('asking'))")
    page.click("text=Open")
    page.wait_for_selector("h3:has-text('Person 2')")
    press(page, "y")
    wait_for(page, "With a name", ["Person 2"])
    assert page.locator("#group[open]").count() == 0
    page.wait_for_selector("#cards h2:has-text('Unsorted')", state="detached")


def test_a_photo_of_a_report_leads_to_the_page_where_its_name_is_mended(
    serve: Serve, open_page: Open, run: Path
) -> None:
    photos = Path(json.loads((run / "metrics.json").read_text())["data"])
    server = serve(photos, "--run", run, "--worst")
    page = open_page(server.link)
    assert page.url.endswith("/worst")
    page.wait_for_selector(".suggestion")
    page.goto(page.url.replace("/worst", "/report"))
    links = page.locator('a[href^="/worst?photo="]')
    wanted = links.last.get_attribute("href").rpartition("=")[2]
    links.last.click()
    page.wait_for_selector(".card:focus")
    assert wanted.startswith(page.evaluate("cards.get(current).faces[0].sha256"))
    before = page.locator(".card").count()
    press(page, "Enter")  # yes, the name is right
    wait_for_cards(page, before - 1)
    press(page, "x")  # the next one is not
    wait_for_cards(page, before - 2)
    press(page, "u", "u")
    wait_for_cards(page, before)
    assert focus(page)["outline"] == "solid"


def wait_for_cards(page: Any, expected: int) -> None:
    end = time.monotonic() + 10
    while page.locator(".card").count() != expected:
        assert time.monotonic() < end
        page.wait_for_timeout(20)
