"""The report page: complete, escaped, without requests; and in a real browser."""

from __future__ import annotations

import doctest
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from coatbench.quality import doubtful
from coatbench.report import wording
from coatbench.report.doubts import doubts_of, remark, remedy
from coatbench.report.page import ROWS_SHOWN, build, render, write_page
from coatbench.report.wording import (
    advice,
    expectation,
    in_labels,
    percent,
    read_caption,
    show,
    size,
    varied_columns,
)
from coatbench.tables import write_table
from coatbench.techniques import TECHNIQUES
from ranking import synthetic

from report import study
from report.browsing import browser as browser
from report.browsing import open_page

NEXT = "li:has-text('annealing temperature 350 °C (new)')"  # between 300 and 400 °C, which cannot be told apart
TEMPERATURE, TIME = "annealing_temperature_degC", "annealing_time_h"


def content(run):
    return {k: v for k, v in run.items() if k != "documents"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory):
    return study.finished(tmp_path_factory.mktemp("page"), title=f"Study {study.MARKUP}")


@pytest.fixture(scope="module")
def html(run) -> str:
    return render(build(**content(run)))


class Reader(HTMLParser):
    """Collects tags with their attributes, and what is open at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes something else, line {self.getpos()}"


def parse(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def test_page_is_well_formed_with_unique_ids(html):
    reader = parse(html)
    assert reader.open == []
    ids = [a["id"] for _, a in reader.tags if "id" in a]
    assert len(ids) == len(set(ids))
    anchors = {
        a["href"][1:] for t, a in reader.tags if t == "a" and (a["href"] or "").startswith("#")
    }
    assert anchors <= set(ids)


def test_nothing_of_the_page_comes_from_elsewhere(html):
    for tag, attrs in parse(html).tags:
        for name in ("src", "href", "srcset", "poster", "action"):
            value = attrs.get(name) or ""
            assert not re.match(r"(?:[a-z]+:)?//", value), (tag, value)
        assert tag not in ("iframe", "object", "embed", "base", "form")
    assert "default-src 'none'" in html
    assert "@import" not in html and "url(" not in html


def test_markup_of_the_study_is_text(html):
    reader = parse(html)
    assert sum(tag == "script" for tag, _ in reader.tags) == 1  # no curves here
    assert 'document.title="taken"' not in html
    assert html.count("&lt;script&gt;") >= 5  # title twice, claim, fit, problem, configuration
    assert "example.org" in html  # shown, as text


def test_links_lead_to_files_beside_the_page(html, run):
    files = {
        a["href"] for t, a in parse(html).tags if t == "a" and not (a["href"] or "").startswith("#")
    }
    missing = {f for f in files if not (run["results"] / str(f)).is_file()}
    # Made beside the page.
    assert missing <= {"ro-crate-metadata.json", "tables.xlsx", "figures.xlsx"}


def test_a_simulated_study_says_so_first(html, tmp_path: Path):
    assert html.index("Simulated study") < html.index("<h1>")
    measured = study.finished(tmp_path, simulated=False)
    assert "Simulated study" not in render(build(**content(measured)))


def test_page_holds_what_it_should(html, run):
    page = build(**content(run))
    assert page.verdicts == {"holds": 1, "fails": 1, "not testable": 1}
    assert [p.name for p in page.figures] == ["fig2", "fig10", "ranking"]
    assert page.figures[0].title == "Coverage of the coated material by the coating"
    assert (page.doubtful, page.remarks) == (2, 2)
    assert page.quality[0].rows[0]["sample"] == "c400"
    assert len(page.quality[0].rows) == 2  # every fit, the good ones too
    for text in (
        "Before any weighting",
        "did not converge",
        '<b class="unusable">LEIS c400</b>',
        "sims: not measured",
        "table x is not there",
    ):
        assert text in html
    assert html.count('<img src="data:image/webp;base64,') == 4
    assert "No ranking" not in html and html.index("To doubt") < html.index('id="ranking"')


def test_ranking_shows_every_factor_of_the_study_and_no_other(run):
    page = build(**content(run))
    label = synthetic.factors()[TEMPERATURE]["label"]
    # All samples of this study had the same time and atmosphere; had they not, these would stand here too.
    assert page.factors == {TEMPERATURE: f"{label} / °C"}
    for i, row in enumerate(page.ranking.rows):
        row[TIME] = float(i)
    factors = varied_columns(page.ranking.rows, synthetic.factors())
    assert list(factors) == [TEMPERATURE, TIME]
    shown = render(replace(page, factors=factors)).split('id="ranking-table"')[1]
    head, _, body = shown.split("</table>")[0].partition("</thead>")
    assert all(head.count(f">{label}<") == 1 for label in factors.values())
    assert body.split("<tr")[2].count(">1</td>") >= 1


def test_doubts_stand_once_with_label_reason_and_picture():
    rows = [
        ("xps", "c300/1/S 2p", "xps_fits", "unusable", "chi-square of 508"),
        ("xps", "c300/1/S 2p", "xps_components (4 rows)", "unusable", "chi-square of 508"),
        ("cycling", "c400/A/short", "cycling_cells", "doubtful", "efficiency of 104.6 %"),
        ("ranking", "", "ranking: all", "doubtful", ""),
        ("ranking", "c300", "ranking", "doubtful", "coverage: chi-square of 508"),  # inherited
        (
            "sims",
            "c300",
            "sims_degradation",
            "unusable",
            "no reference",
        ),  # stands under what is missing
    ]
    columns = ("technique", "unit", "value", "quality", "note")
    found = doubts_of(
        [dict(zip(columns, row, strict=True)) for row in rows],
        {"c300": "300 °C"},
        ["quicklook/xps/c300.png"],
    )
    assert [(d.level, d.what, d.why, d.n, d.picture) for d in found] == [
        ("unusable", "300 °C, spot 1, S 2p", "chi-square of 508", 2, "look-xps-c300"),
        ("doubtful", "c400, A, short", "efficiency of 104.6 %", 1, ""),
        ("doubtful", "ranking: all", "doubtful", 1, ""),
    ]
    assert all(d.todo for d in found)


def test_every_technique_says_what_to_do_about_a_doubt():
    assert all(remedy(name) for name in (*TECHNIQUES, "ranking"))


def test_remarks_say_each_reason_once():
    assert remark({"flagged": True, **doubtful("chi-square of 508").columns()}) == (
        "doubtful: chi-square of 508"
    )
    assert remark({"quality": "ok", "quality_note": "left out: cycle 3"}) == "left out: cycle 3"


def test_same_content_same_bytes(run, html, tmp_path: Path):
    write_page(build(**content(run)), tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == html


def test_page_of_an_empty_study(run):
    empty = content(run) | {"tables": {}, "figures": [], "quicklooks": [], "statement": None}
    html = render(build(**empty))
    assert parse(html).open == []
    assert "There is no ranking" in html


def test_a_long_table_is_cut_but_no_doubtful_row_is_lost(run, tmp_path: Path):
    fits = [
        {"sample": f"s{i}", "converged": i != 999, "note": None, "reduced_chi_square": 1.0}
        for i in range(1000)
    ]
    path = run["results"] / "tables" / "long_fits.csv"
    write_table(fits, list(fits[0]), path)
    page = build(**content(run) | {"tables": {"xps": [path]}})
    (quality,) = page.quality
    assert [r["sample"] for r in quality.rows] == ["s999"]
    html = render(page)
    assert f"{ROWS_SHOWN} of 1000 rows" in html
    assert html.count("<td>s1</td>") == 1 and html.count("<td>s500</td>") == 0
    path.unlink()


def test_pictures_beyond_the_budget_are_named(run, monkeypatch):
    monkeypatch.setattr("coatbench.report.embedded.QUICKLOOK_BYTES", 10)
    page = build(**content(run))
    assert page.quicklooks == {}
    assert page.quicklooks_left_out == ["quicklook/leis/c300.png"]
    assert "quicklook/leis/c300.png" in render(page)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (0.123456, "0.1235"),
        (300.0, "300"),
        (5e13, "5e+13"),
        ("a", "a"),
        (-1.0, "-1"),
    ],
)
def test_cells_read_well(value, text):
    assert show(value) == text


def test_settings_to_measure_bear_labels_and_units():
    factors = {
        "annealing_temperature_degC": {"label": "annealing temperature", "unit": "°C"},
        "amount_wt_percent": {"label": "amount", "unit": "wt %", "scale": "log"},
        "atmosphere": {"label": "atmosphere", "kind": "categorical"},
    }
    row = {
        "order": 1,
        "annealing_temperature_degC": 350,
        "amount_wt_percent": 0.25,
        "atmosphere": "O2",
    }
    row |= {
        "purpose": "extend",
        "expected_gain": 0.3,
        "cost": 1.0,
        "note": "beyond",
        "drying_h": None,
    }
    (found,) = advice([row], factors)
    assert found["settings"] == [
        ("annealing temperature", "350 °C"),
        ("amount", "0.25 wt %"),
        ("atmosphere", "O2"),
    ]
    assert found["purpose"] == "beyond what was tested"


def test_what_is_missing_is_told_in_labels():
    labels = {"c300": "300 °C"}
    assert (
        in_labels("leis: not measured for c300, c400", labels)
        == "LEIS: not measured for 300 °C, c400"
    )
    assert (
        in_labels("sims: not measured in this study", labels)
        == "ToF-SIMS: not measured in this study"
    )


def test_small_words():
    assert doctest.testmod(wording).failed == 0
    assert (percent(None), percent(0.0), percent(0.5), percent(1.0)) == (
        "",
        "<1 %",
        "50 %",
        ">99 %",
    )
    assert (size(10), size(2e6), size(3.2e9)) == ("10 B", "2 MB", "3.2 GB")
    assert remark({"converged": False, "flagged": True, "note": "x"}) == (
        "did not converge; residuals do not fit; x"
    )
    assert remark({"converged": True, "flagged": None, "note": None}) == ""
    claim = study.claim("a", "holds", None)
    assert expectation(claim) == "= 1 ± 0.1"
    assert (
        expectation(claim | {"relation": "lower", "expected": "lower c300", "tolerance": None})
        == "< c300"
    )


@pytest.mark.parametrize(
    "path", sorted((study.ROOT / "workflow" / "report").glob("*.rst")), ids=lambda p: p.stem
)
def test_every_caption_has_a_title_and_no_markup_left(path: Path):
    if path.stem == "workflow":
        pytest.skip("the front page of snakemake --report, filled in there")
    title, text = read_caption(path)
    assert title and text
    assert not re.search(r"\*\*|``|\{\{|::", text)


# --- in a browser --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def path(run) -> Path:
    path = run["results"] / "report.html"
    write_page(build(**content(run)), path)
    return path


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_page_loads_alone_and_without_errors(browser, path, width, height):
    page = open_page(browser, path, width, height)
    page.wait_for_load_state("load")
    assert page.said == []
    assert [url for url in page.asked if not url.startswith("data:")] == [path.as_uri()]
    assert page.title().startswith("Study <script>")  # the markup is text, and did not run
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    broken = page.evaluate(
        "[...document.images].filter(i => i.src != 'data:,' && !i.naturalWidth).length"
    )
    assert broken == 0
    for figure in page.query_selector_all("#figures .figures figure img"):
        figure.scroll_into_view_if_needed()
        assert figure.is_visible()


@pytest.mark.browser
def test_ranking_is_sorted_by_a_click_and_back(browser, path):
    page = open_page(browser, path, 1280, 900)

    def column():
        return page.eval_on_selector_all(
            "#ranking-table tbody tr", "rows => rows.map(r => r.cells[1].textContent)"
        )

    before = column()
    assert before[:2] == ["c300", "c400"]
    page.click("#ranking-table thead th:nth-child(2) button")
    assert column() == sorted(before)
    assert page.get_attribute("#ranking-table thead th:nth-child(2)", "aria-sort") == "ascending"
    page.click("#ranking-table thead th:nth-child(2) button")
    assert column() == sorted(before, reverse=True)
    page.click("#ranking-table thead th:nth-child(3) button")  # by temperature, the unknown last
    assert column() == [f"c{t:03d}" for t in (25, 100, 200, 300, 400, 500, 600, 700)] + ["uncoated"]


@pytest.mark.browser
def test_claims_are_filtered_by_verdict(browser, path):
    page = open_page(browser, path, 1280, 900)
    page.click('.chip[data-verdict="fails"]')
    shown = page.eval_on_selector_all(
        "#claims-table tbody tr",
        "rows => rows.filter(r => !r.hidden).map(r => r.cells[0].textContent)",
    )
    assert shown == ["C2"]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_can_be_used_by_everybody(browser, path, scheme):
    """No violation of the rules of axe-core, folded lists opened; few stops of the tabulator before the content."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_page(browser, path, 1280, 900)
    page.emulate_media(color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = axe.run(page).response["violations"]
    assert [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in found] == []
    page.reload()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("width", "height", "seen"),
    [
        (1440, 900, [".lead", "#figure-ranking img", ".doubts li", ".more li", "text='To measure next'", NEXT]),
        (390, 844, [".lead", "text=/^Next: annealing temperature 350 °C/", "a:has-text('To doubt')", "a:has-text('missing')",
                    "#figure-ranking img"]),
    ],
)  # fmt: skip
def test_first_screen_answers(browser, path, width, height, seen):
    page = open_page(browser, path, width, height)
    page.wait_for_load_state("load")
    for what in seen:
        box = page.locator(what).first.bounding_box()
        assert box is not None and box["y"] + 20 < height, what


@pytest.mark.browser
def test_a_doubt_leads_to_its_picture(browser, path):
    page = open_page(browser, path, 1280, 900)
    page.click("#summary a:has-text('look')")
    target = page.locator("#look-leis-c300")
    assert target.is_visible()
    link = target.locator("a").get_attribute("href")
    assert (path.parent / link).is_file()


@pytest.mark.browser
def test_rows_are_filtered_by_their_words(browser, path):
    page = open_page(browser, path, 1280, 900)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    fields = page.locator("#tables [data-filter]")
    fields.first.fill("c300")
    rows = fields.first.evaluate(
        "f => [...f.closest('.filter').nextElementSibling.querySelectorAll('tbody tr')]"
        ".filter(r => !r.hidden).map(r => r.textContent)"
    )
    assert rows and all("c300" in row for row in rows)


@pytest.mark.browser
def test_paper_shows_what_is_folded(browser, path):
    page = open_page(browser, path, 1280, 900)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() > 0


@pytest.mark.browser
def test_figures_open_zoom_and_close(browser, path):
    page = open_page(browser, path, 390, 844)
    page.click("#figure-fig2 button")
    assert page.is_visible("#zoom .stage img")
    page.click('[data-zoom="in"]')
    assert "scale(1.5)" in page.eval_on_selector("#zoom .stage img", "i => i.style.transform")
    page.mouse.move(200, 400)
    page.mouse.wheel(0, -400)
    page.wait_for_function(
        "!document.querySelector('#zoom img').style.transform.includes('scale(1.5)')"
    )
    page.keyboard.press("Escape")
    assert not page.is_visible("#zoom")
    assert page.said == []
