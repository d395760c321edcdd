"""Pages of studies that nobody had in mind: long and strange names, nothing but doubt, no ranking; on paper and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from coatbench.report.page import build, write_page
from coatbench.tables import write_table
from PIL import Image
from studies import cut_study

from report import study
from report.browsing import browser as browser
from report.browsing import open_page
from report.measurements import measured

PAPER_PX = round((297 - 2 * 12) / 25.4 * 96)  # A4 landscape, less its margins
LONG = "W" * 80
# Ids that are numbers, words of scripts and anchors of the page; in this order.
LABELS = {
    "uncoated": "bare <script>document.title='taken'</script>",
    "10": "Probe mit Überzug, 300 °C",
    "007": LONG,
    "constructor": "constructor",
    "tables": "Tables",
    "a.b-c": LONG + " again",
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No ranking, no claims, no figure; every measurement doubtful, one of them missing."""
    run = study.finished(tmp_path_factory.mktemp("odd"), title=LONG)
    results = run["results"]
    doubts = [
        {"technique": "xps", "unit": f"{s}/1/S 2p", "value": "xps_fits", "quality": "doubtful", "note": LONG}
        for s in LABELS
    ]  # fmt: skip
    wide = [
        {"sample": s, **{f"a_rather_long_name_of_quantity_{k}_mAh_g": 1234.5 + k for k in range(24)}}
        for s in list(LABELS) * 3
    ]  # fmt: skip
    wide = [row | {"quality": "doubtful", "quality_note": LONG} for row in wide]
    paths = [results / "tables" / f"{name}.csv" for name in ("quality", "wide")]
    for rows, table in zip((doubts, wide), paths, strict=True):
        write_table(rows, list(rows[0]), table)
    more = {
        "tables": {"xps": [*paths, results / "tables" / "problems.csv"]},
        "figures": [],
        "statement": None,
        "labels": LABELS,
        "curves": measured(results, list(LABELS)),
    }
    write_page(
        build(**{k: v for k, v in run.items() if k != "documents"} | more), results / "report.html"
    )
    return results / "report.html"


@pytest.mark.browser
def test_on_a_phone_nothing_is_wider_than_the_screen(browser, path):
    page = open_page(browser, path, 390, 844)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.evaluate("document.getElementById('curves').scrollIntoView()")
    page.wait_for_selector("#living-plot canvas")
    wide = page.evaluate(
        "[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, pre, nav, .skip, dialog')"
        " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
    )
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.title() == LONG and page.said == []


@pytest.mark.browser
def test_samples_stand_in_the_order_of_the_study_with_their_labels(browser, path, tmp_path):
    page = open_page(browser, path, 1280, 900)
    page.evaluate("document.getElementById('curves').scrollIntoView()")
    page.wait_for_selector("#living-plot canvas")
    page.select_option('[data-pick="view"]', "dqdv")
    shown = page.eval_on_selector_all(
        '[data-pick="samples"] label', "l => l.map(x => x.textContent.trim())"
    )
    assert shown == list(LABELS.values())
    with page.expect_download() as waiting:
        page.click('[data-do="save"]')
    waiting.value.save_as(tmp_path / "saved.png")
    with Image.open(tmp_path / "saved.png") as image:
        edge = image.convert("L").crop((image.width - 4, 0, image.width, image.height))
        assert edge.getextrema()[0] > 200  # no name runs over the edge
    assert page.said == []


@pytest.mark.browser
def test_paper_loses_nothing(browser, path):
    """A4 landscape, as many pixels wide: no cell is cut, no table is wider than the page, nothing scrolls."""
    page = open_page(browser, path, PAPER_PX, 700)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    lost = page.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => e.offsetParent && !e.closest('#curves')"
        " && (e.getBoundingClientRect().right > innerWidth + 1 || e.scrollWidth > e.clientWidth + 1 && e.matches('td, th, .scroll')))"
        ".map(e => e.outerHTML.slice(0, 100))"
    )
    assert lost == []


@pytest.mark.browser
def test_columns_are_sorted_by_the_keyboard(browser, path):
    page = open_page(browser, path, 1280, 900)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    head = page.locator("#tables table thead th:first-child button").nth(1)
    head.focus()
    for direction in ("ascending", "descending"):
        page.keyboard.press("Enter")
        assert head.locator("..").get_attribute("aria-sort") == direction


@pytest.mark.browser
def test_content_is_reached_within_few_stops(browser, path):
    """Ways to the first section: the link that skips, then those of the sections."""
    page = open_page(browser, path, 1280, 900)
    stops = 1
    page.keyboard.press("Tab")
    while not page.evaluate("Boolean(document.activeElement.closest('main'))"):
        page.keyboard.press("Tab")
        stops += 1
        assert stops <= 15


@pytest.mark.slow
@pytest.mark.workflow
@pytest.mark.browser
@pytest.mark.parametrize(
    "samples", [["c300", "c400"], ["uncoated", "c400"]], ids=["no_reference", "reference"]
)
def test_a_study_of_one_technique_can_be_read(browser, workflow, tmp_path, samples):
    """Without a reference sample too: what there is no answer to is said, nothing is empty, broken or too wide."""
    made = cut_study(tmp_path / "study", ["leis"], samples)
    workflow.run("--config", f"study={made}", "results=out")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for width, height in ((1440, 900), (390, 844)):
        page = open_page(browser, workflow.folder / "out" / "report.html", width, height)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        page.evaluate("document.getElementById('curves').scrollIntoView()")
        page.wait_for_selector("#living-plot canvas")
        assert page.eval_on_selector_all(
            '[data-pick="view"] option', "o => o.map(x => x.value)"
        ) == ["leis"]
        box = page.locator(".lead").bounding_box()
        assert box is not None and box["y"] + 20 < height
        text = page.inner_text("#summary")
        assert "no sample" in text.lower() and "XPS: not measured in this study" in text
        assert ("ratios refer to" in page.inner_text("header")) == ("uncoated" in samples)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert [v["id"] for v in axe.run(page).response["violations"]] == []
        assert page.said == []
        empty = "[...document.querySelectorAll('main :is(p:not(#living-at), li, ul, td.found, figcaption, section)')].filter(e => !e.innerText.trim())"
        assert page.evaluate(f"{empty}.map(e => e.outerHTML.slice(0, 80))") == []
