"""Living curves: thinning loses no peak, packing stays small, and a reader can zoom, hover, switch and save them."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from coatbench.curves import save_curves
from coatbench.pictures import picture_of
from coatbench.report.living import Curve, View, gather
from coatbench.report.packing import GAP, PACKED_BYTES, pack, steps, thinned
from coatbench.report.page import DATA, Page, build, write_page
from coatbench.tables import write_table
from PIL import Image

from report import study
from report.browsing import browser as browser
from report.browsing import open_page
from report.measurements import measured, tga_ms


def unpacked(given: list) -> np.ndarray:
    first, step, rest = given
    if not isinstance(rest, str):
        return first + step * np.arange(rest)
    whole = np.frombuffer(base64.b64decode(rest), "<u2").astype(float)
    return np.where(whole == GAP, np.nan, first + step * whole)


def content(run):
    return {k: v for k, v in run.items() if k != "documents"}


def test_thinning_keeps_ends_peaks_and_gaps():
    x = np.arange(20_000.0)
    y = np.sin(x / 3000)
    y[12_345], y[777] = 9.0, -9.0
    y[5000:6000] = np.nan
    few, values = thinned(x, y, 600)
    assert few.size <= 600 and (np.diff(few) > 0).all()
    assert (few[0], few[-1]) == (0, 19_999)
    assert values[few == 12_345] == 9 and values[few == 777] == -9
    assert np.isnan(values[(few >= 5000) & (few < 6000)]).any()
    assert np.isfinite(values[(few < 5000) | (few >= 6000)]).all()


def test_packing_is_finer_than_a_screen():
    values = np.array([-3.0, np.nan, 0.1, 4.0])
    back = unpacked(json.loads(json.dumps(steps(values))))
    np.testing.assert_allclose(back, values, atol=7 / 65_000)
    view = View("ions", "Ion currents", "x", "y", log=True)
    view.curves.append(
        Curve("a", "", "", "m/z 64", "line", np.arange(4.0), 10.0 ** -np.arange(8, 12))
    )
    packed = json.loads(pack([view])["ions"])["curves"][0]
    assert packed[5] == [0.0, 1.0, 4]
    np.testing.assert_allclose(10 ** unpacked(packed[6]), 10.0 ** -np.arange(8, 12), rtol=1e-3)


def test_every_technique_has_its_views(tmp_path: Path):
    paths = measured(tmp_path, ["c300"])
    cells = [
        {"sample": "c300", "cell": "B", "protocol": "long", "cycle": c, "discharge_capacity_mAh_g": 180.0 - c,
         "charge_capacity_mAh_g": None, "coulombic_efficiency_percent": 99.0, "quality": q}
        for c, q in ((1, "ok"), (2, "doubtful"), (3, "unusable"))
    ]  # fmt: skip
    views = {v.id: v for v in gather(paths, tmp_path, {"cycling_cells": cells}, "In/InLi")}
    assert set(views) == {
        "xps", "profiles", "dqdv", "relaxation", "impedance", "capacity", "efficiency", "mass", "dtg", "dsc", "ions", "leis", "sims",
    }  # fmt: skip
    assert views["dqdv"].x == "potential / V vs In/InLi"
    assert {c.quality for c in views["xps"].curves if c.group == "S 2p"} == {"doubtful"}
    assert {c.kind for c in views["xps"].curves} == {"data", "fit", "part", "base", "line"}
    (capacity,) = (c for c in views["capacity"].curves if c.group == "long: discharge")
    assert capacity.x.tolist() == [1, 2]  # what is unusable is no curve
    (nyquist, _) = views["impedance"].curves
    assert (nyquist.x[0], nyquist.y.max()) == pytest.approx((5, 10), abs=0.1)


def test_what_is_unusable_is_no_curve_and_what_is_doubtful_says_so(tmp_path: Path):
    """Of each kind: a table's judgement reaches the curve that it is about, and no other."""
    paths = measured(tmp_path, ["c300"])
    cell = {"sample": "c300", "protocol": "short", "cell": "A", "cell_quality": "ok"}
    spectrum = {"sample": "c300", "heating_temperature_degC": 200.0}
    tables = {
        "cycling_cells": [
            cell | {"cycle": 1, "quality": "doubtful"},
            cell | {"cycle": 2, "quality": "unusable"},
            *({**cell, "protocol": "long", "cell": "B", "cycle": c, "quality": "ok", "cell_quality": "unusable"} for c in (1, 2)),
        ],
        "cycling_impedance": [
            {k: v for k, v in cell.items() if k != "cell_quality"} | {"spectrum": 1, "note": ""}
        ],
        "leis_windows": [
            spectrum | {"quality": "unusable"},
            spectrum | {"heating_temperature_degC": 600.0, "quality": "doubtful"},
            spectrum | {"heating_temperature_degC": 600.0, "quality": "ok"},
        ],
        "tga_ms_events": [{"run": "c300", "signal": "mz64", "quality": "unusable"}],
        "sims_acquisition": [{"sample": "c300", "quality": q} for q in ("ok", "unusable")],
    }  # fmt: skip
    views = {v.id: v for v in gather(paths, tmp_path, tables, "")}

    def told(view: str, *columns: str) -> set[tuple[str, ...]]:
        return {tuple(getattr(c, n) for n in (*columns, "quality")) for c in views[view].curves}

    for view in ("profiles", "dqdv", "relaxation"):
        assert told(view, "unit", "group") == {
            ("A", "short: charge 1", "doubtful"),
            ("A", "short: discharge 1", "doubtful"),
        }, view
    assert told("impedance", "unit") == {("A", "doubtful")}
    assert told("leis", "group") == {("600 °C", "doubtful")}
    assert told("mass") == {("ok",)}
    assert told("ions", "name") == {
        (f"m/z {mz}", "doubtful" if mz == 64 else "ok") for mz in (18, 28, 32, 44, 48, 50, 64, 66)
    }
    assert told("sims") == {("doubtful",)}
    packed = json.loads(pack(list(views.values()))["leis"])["curves"][0]
    assert packed[7] == "doubtful"


def test_temperature_that_turns_back_is_no_abscissa(tmp_path: Path):
    sets = tga_ms()
    up_and_down = np.concatenate([np.linspace(30, 800, 1200), np.linspace(800, 30, 1121)])
    for name, data in sets.items():
        own = {"temperature_degC": ("time", up_and_down)}
        sets[name] = data.assign({}, own)
    (tmp_path / "tga_ms").mkdir()
    save_curves(sets, tmp_path / "tga_ms" / "r.nc")
    (view, *_) = gather([tmp_path / "tga_ms" / "r.nc"], tmp_path, {}, "")
    assert view.curves[0].group == "over time in min" and view.curves[0].x.max() == 80


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, Path]:
    """Sixty samples of six techniques: curves, pictures of every measurement, figures and tables."""
    run = study.finished(tmp_path_factory.mktemp("sixty"))
    results, samples = run["results"], [f"s{i:02d}" for i in range(60)]
    noise = np.random.default_rng(1)

    def write(png: Path, content: bytes) -> str:
        picture = picture_of(png, results)
        for path in (png, picture):
            path.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(content)
        png.write_bytes(b"")
        return str(png)

    grains = Image.fromarray(noise.integers(0, 255, (50, 72, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    grains.resize((500, 350), Image.Resampling.NEAREST).save(buffer, "webp", lossless=True)
    look = buffer.getvalue()
    looks = [
        write(results / "quicklook" / t / f"{s}.png", look)
        for t in ("xps", "cycling", "leis", "sims", "stem", "tga_ms") for s in samples
    ]  # fmt: skip
    # As large as those of the demo study together.
    figures = [
        write(results / "figures" / f"fig{k}.png", look + noise.bytes(210_000))
        for k in range(1, 20)
    ]
    tables = []
    for k in range(20):  # the cells of all tables of such a study, each cut at 200 rows
        rows = [
            {"sample": s, **{f"value_{c}": float(v) for c, v in enumerate(noise.normal(size=24))}}
            for s in samples * 4
        ]
        tables.append(results / "tables" / f"t{k}.csv")
        write_table(rows, list(rows[0]), tables[-1])
    curves = measured(results, samples)
    page = build(
        **content(run) | {"tables": {"all": tables}, "quicklooks": looks, "figures": figures, "curves": curves}
    )  # fmt: skip
    write_page(page, results / "report.html")
    return page, results / "report.html"


@pytest.mark.slow
def test_sixty_samples_of_six_techniques_stay_below_25_MB(sixty):
    """All together below 25 MB; the script alone below 1.5 MB."""
    page, path = sixty
    size = path.stat().st_size
    assert sum(map(len, page.curves.values())) <= PACKED_BYTES
    print(f"{size / 1e6:.1f} MB")
    assert 15e6 < size < 25e6  # less, and it measures nothing
    assert all(len(json.loads(v)["curves"]) for v in page.curves.values())
    xps_view = json.loads(page.curves["xps"])
    sizes = {c[4]: unpacked(c[5]).size for c in xps_view["curves"] if c[1] != "Su 1s"}
    assert sizes["data"] == sizes["fit"] == 300  # what an even abscissa makes cheap is not thinned
    ions = max(unpacked(c[5]).size for c in json.loads(page.curves["ions"])["curves"])
    assert 200 <= ions <= 900
    script = sum(p.stat().st_size for p in DATA.rglob("*.js"))
    assert script < 1.5e6


@pytest.mark.slow
@pytest.mark.browser
def test_sixty_samples_are_filtered_and_drawn(browser, sixty):
    """What each step takes of the page's own thread is printed, over what sorting a million numbers takes of it."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True).new_page()
    watch = page.context.new_cdp_session(page)
    watch.send("Performance.enable", {"timeDomain": "threadTicks"})
    times = []

    def clock() -> None:
        found = {m["name"]: m["value"] for m in watch.send("Performance.getMetrics")["metrics"]}
        times.append(found["TaskDuration"])

    page.goto(sixty[1].as_uri())
    page.wait_for_load_state("load")
    page.locator(".lead").first.wait_for()
    clock()
    page.locator("#tables details").first.evaluate("d => { d.open = true; d.scrollIntoView(); }")
    page.locator("#tables [data-filter]").first.fill("s07")
    rows = page.locator("#tables details").first.locator("tbody tr:visible")
    assert 0 < rows.count() < 20
    clock()
    page.evaluate("document.getElementById('curves').scrollIntoView()")
    page.wait_for_selector("#living-plot canvas")
    clock()
    page.evaluate("Array.from({length: 1e6}, Math.random).sort((a, b) => a - b).length")
    clock()
    *steps, yard = np.diff([0, *times])
    print("".join(f"{name} {s:.2f} s, {s / yard:.2f} times; " for name, s in zip(("loaded", "filtered", "curves"), steps, strict=True)))  # fmt: skip


# --- in a browser --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = study.finished(tmp_path_factory.mktemp("living"))
    curves = measured(run["results"], ["uncoated", "c300", "c400"])
    path = run["results"] / "report.html"
    labels = {"uncoated": "bare <b>", "c300": "300 °C", "c400": "400 °C"}
    write_page(build(**content(run) | {"curves": curves, "labels": labels}), path)
    return path


@pytest.fixture
def page(browser, path):
    page = open_page(browser, path, 1280, 900)
    page.evaluate("document.getElementById('curves').scrollIntoView()")
    page.wait_for_selector("#living-plot canvas")
    yield page
    assert page.said == []
    assert [url for url in page.asked if not url.startswith(("data:", "blob:"))] == [path.as_uri()]
    page.context.close()


def names(page) -> list[str]:
    return page.eval_on_selector_all(
        "#living-lines button", "b => b.map(x => x.textContent.trim())"
    )


def ticks(page) -> str:
    """Return the picture of the curves, which changes when the view does."""
    return page.evaluate("document.querySelector('#living-plot canvas').toDataURL()")


@pytest.mark.browser
def test_fits_are_there_and_samples_are_switched(page):
    assert (
        page.input_value('[data-pick="group"]') == "C 1s"
    )  # what was fitted comes before the survey
    assert [n.split(", ")[-1] for n in names(page)] == [
        "measured",
        "fit",
        "background",
        "sulfide",
        "sulfate",
    ]
    assert names(page)[0].startswith("bare <b>, spot 1")
    page.check('[data-pick="samples"] input[value="c300"]')
    assert any(n.startswith("300 °C") for n in names(page)) and len(names(page)) == 10
    page.click('[data-do="next"]')
    assert {n.split(",")[0] for n in names(page)} == {"300 °C"}


@pytest.mark.browser
def test_curves_are_zoomed_by_drag_and_by_keyboard(page):
    whole = ticks(page)
    box = page.locator("#living-plot .u-over").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 60, steps=4)
    page.mouse.up()
    page.mouse.move(0, 0)
    page.wait_for_timeout(100)
    near = ticks(page)
    assert near != whole
    page.focus("#living-plot")
    for key in ("ArrowLeft", "+", "-", "ArrowRight"):
        before = ticks(page)
        page.keyboard.press(key)
        page.wait_for_timeout(60)
        assert ticks(page) != before, key
    page.keyboard.press("0")
    page.wait_for_timeout(60)
    assert ticks(page) == whole


@pytest.mark.browser
def test_hover_tells_values_and_a_name_hides_its_curve(page):
    page.select_option('[data-pick="view"]', "leis")
    box = page.locator("#living-plot .u-over").bounding_box()
    page.mouse.move(box["x"] + box["width"] * (1101 - 900) / (2998 - 900), box["y"] + 60)
    page.wait_for_timeout(60)
    at = page.text_content("#living-at")
    assert at.startswith("energy / eV: 1") and abs(float(at.split(": ")[1]) - 1101) < 15
    value = float(page.text_content("#living-lines button >> nth=0 >> output"))
    assert value == pytest.approx(60, abs=8)
    page.mouse.move(0, 0)
    before = ticks(page)
    page.click("#living-lines button >> nth=0")
    page.wait_for_timeout(60)
    assert page.get_attribute("#living-lines button >> nth=0", "aria-pressed") == "false"
    assert ticks(page) != before


@pytest.mark.browser
def test_what_is_seen_is_saved_as_a_picture(page, tmp_path: Path):
    page.select_option('[data-pick="view"]', "dqdv")
    with page.expect_download() as waiting:
        page.click('[data-do="save"]')
    assert waiting.value.suggested_filename.startswith("dqdv_short-charge-1")
    waiting.value.save_as(tmp_path / "saved.png")
    with Image.open(tmp_path / "saved.png") as image:
        assert image.format == "PNG" and image.width >= 600
        assert len(image.convert("RGB").getcolors(100_000)) > 20  # curves, names, axes


@pytest.mark.browser
def test_every_view_opens_on_a_phone(browser, path):
    page = open_page(browser, path, 390, 844)
    page.evaluate("document.getElementById('curves').scrollIntoView()")
    page.wait_for_selector("#living-plot canvas")
    for view in page.eval_on_selector_all('[data-pick="view"] option', "o => o.map(x => x.value)"):
        page.select_option('[data-pick="view"]', view)
        page.check('[data-do="level"]')
        page.uncheck('[data-do="level"]')
        assert page.locator("#living-plot canvas").count() == 1 and names(page), view
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.said == []


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_curves_can_be_used_by_everybody(page, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.emulate_media(color_scheme=scheme)
    found = axe.run(page, "#curves").response["violations"]
    assert [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in found] == []


@pytest.mark.browser
def test_without_scripts_a_line_says_where_the_pictures_are(browser, path):
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(path.as_uri())
    assert (
        page.locator("#curves noscript, #curves p").filter(has_text="Single measurements").count()
    )
    assert not page.locator("#living").is_visible()
    context.close()
