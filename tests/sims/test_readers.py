"""Readers of BIF6, SurfaceLab ASCII images and GRD: right numbers from good files, one line from damaged ones."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from coatbench.errors import ReadError
from coatbench.readers import bif6, grd, surfacelab_ascii
from coatbench.readers.recognise import read, recognise
from coatbench.readers.sims_open import open_region
from coatbench.readers.sims_region import Window
from coatbench.simulate.write_bif6 import write_bif6
from coatbench.simulate.write_surfacelab import write_surfacelab
from conftest import SHARED, inputs

from . import conftest as made


def windows() -> list[Window]:
    return [Window(label, m, m * (1 - 1.5e-4), m * (1 + 1.5e-4)) for _, label, m in made.PEAKS]


def stacked(region) -> np.ndarray:  # type: ignore[no-untyped-def]
    return np.stack([image for _, image in region.images()])


# --- the same events in two forms ------------------------------------------------------------------


@pytest.mark.parametrize("source", inputs("realdata/sims"))
def test_bif6_total_equals_the_ascii_total(source: str, tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    files = [SHARED / "realdata" / "sims" / n for n in ("cu_grid_pos_16.bif6", "cu_grid_ascii")]
    shape, total = (15, 256, 256), 174405
    if source == "made":
        files = [write(tmp_path, *counts) for write in (made.bif6, made.ascii_folder)]
        shape, total = counts[0].shape, int(counts[1].sum())
    binary, folder = (read(f, "sims").sets[0].to_xarray() for f in files)
    assert int(binary.total.sum()) == total
    np.testing.assert_array_equal(binary.total, folder.total)
    assert binary.counts.shape == shape
    assert binary.counts.dtype == np.uint32


@pytest.mark.parametrize("source", inputs("realdata/sims"))
def test_bif6_agrees_with_an_independent_reader(source: str, tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    import pybif6

    path = SHARED / "realdata" / "sims" / "cu_grid_pos_16.bif6"
    if source == "made":
        path = made.bif6(tmp_path, *counts)
    theirs = {interval.id: interval for interval in pybif6.parse_bif6(path)}
    ours = bif6.open_region(path)
    np.testing.assert_array_equal(ours.total, theirs[0].image)
    for channel, image in ours.images():
        other = theirs[channel.number]
        np.testing.assert_array_equal(image, other.image)
        assert (channel.mass_u, channel.lower_u, channel.upper_u) == (
            other.mz_center, other.mz_interval_lower, other.mz_interval_upper,
        )  # fmt: skip


def test_bif6_images_in_any_order_and_the_total_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = np.arange(7 * 6).reshape(7, 2, 3)
    path = tmp_path / "x.bif6"
    numbers = (5, 3, 0, 9, 1, 2, 8)
    write_bif6(path, [(n, (n, n - 0.1, n + 0.1), images[i]) for i, n in enumerate(numbers)])
    monkeypatch.setattr(bif6, "BLOCK_BYTES", 100)  # three intervals at once
    region = bif6.open_region(path)
    np.testing.assert_array_equal(region.total, images[2])
    held = [region.read_image(i) for i in (5, 0, 1, 3, 2, 4, 0)]
    for i, image in zip((6, 0, 1, 4, 3, 5, 0), held, strict=True):
        np.testing.assert_array_equal(image, images[i])


def test_bif6_cut_after_it_was_opened(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    region = bif6.open_region(path := made.bif6(tmp_path, *(np.tile(c, (40, 40)) for c in counts)))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ReadError, match="the file changed while it was read"):
        region.read_image(3)


@pytest.mark.parametrize("source", inputs("realdata/sims"))
def test_simsh5_holds_the_images_of_the_bif6(source: str, tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    """In the file of images of the copper grid, unlike in that of events, the first row is the lowest."""
    names, rows, polarity = ("cu_grid_pos_16.bif6", "PowerCo-102-Pos-Cu_Grid.h5"), np.s_[::-1], 1
    bif6_file, h5_file = (SHARED / "realdata" / "sims" / name for name in names)
    if source == "made":
        bif6_file, h5_file = (write(tmp_path, *counts) for write in (made.bif6, made.simsh5))
        rows, polarity = np.s_[:], -1
    images = open_region(bif6_file)
    chosen = [Window("", c.mass_u, c.lower_u, c.upper_u) for c in images.channels]
    ions = open_region(h5_file, chosen)
    np.testing.assert_array_equal(ions.total[rows], images.total)
    np.testing.assert_array_equal(stacked(ions)[:, rows], stacked(images))
    assert ions.attrs["polarity"] == polarity


# --- the same counts in every format ---------------------------------------------------------------


def test_all_formats_give_the_same_counts(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    images, total = counts
    for write in (made.bif6, made.ascii_folder, made.grd, made.imzml, made.simsh5):
        region = open_region(write(tmp_path, images, total), windows())
        ny, nx = total.shape
        got, got_total = stacked(region), region.total
        assert got[:, ny:].sum() == 0  # the event list's raster is square
        np.testing.assert_array_equal(got[:, :ny, :nx], images, err_msg=region.format)
        np.testing.assert_array_equal(got_total[:ny, :nx], total)


def test_ids_with_gaps_and_marked_labels_are_kept(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    region = open_region(made.ascii_folder(tmp_path, *counts))
    assert [(c.number, c.label) for c in region.channels] == [
        (n, label) for n, label, _ in made.PEAKS
    ]


def test_ascii_rows_in_any_order(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    images, total = counts
    folder = made.ascii_folder(tmp_path, images, total)
    for path in folder.iterdir():
        lines = path.read_bytes().split(b"\r\n")[:-1]
        rows = lines[3:]
        np.random.default_rng(1).shuffle(rows)
        path.write_bytes(b"\n".join([*lines[:3], *rows]) + b"\n")
    region = open_region(folder)
    np.testing.assert_array_equal(region.total, total)
    np.testing.assert_array_equal(stacked(region), images)


@pytest.mark.parametrize(
    "form", ["{x} {y} {i}", "{x}\t{y}\t{i}.0", "{x} {y} {i},0e+00", "{x}  {y} {i}e0 "]
)
def test_ascii_forms_of_numbers(tmp_path: Path, form: str) -> None:
    image = np.arange(6).reshape(2, 3)
    path = tmp_path / "m (0) - total.txt"
    path.write_text(
        "\n".join(form.format(x=x, y=y, i=image[y, x]) for y in range(2) for x in range(3))
    )
    np.testing.assert_array_equal(surfacelab_ascii.open_region(path).total, image)


def test_ascii_scans_are_summed(tmp_path: Path) -> None:
    path = tmp_path / "m (0) - total.txt"
    rows = [f"{x} {y} {s} {x + s}" for s in range(3) for y in range(2) for x in range(2)]
    path.write_text("# header\n\n" + "\n".join(rows) + "\n")
    np.testing.assert_array_equal(surfacelab_ascii.open_region(path).total, [[3, 6], [3, 6]])


def test_ascii_corrected_intensities_stay_fractions(tmp_path: Path) -> None:
    path = tmp_path / "m (0) - total.txt"
    path.write_text("0 0 1.500000e+00\n1 0 2.000000e+00\n")
    region = surfacelab_ascii.open_region(path)
    assert any("no counts" in w for w in region.warnings)
    total = region.total
    assert total is not None
    assert total.dtype == np.float64
    np.testing.assert_array_equal(total, [[1.5, 2.0]])


def test_ascii_incomplete_last_line_is_dropped_and_its_pixel_left_out(
    tmp_path: Path, counts
) -> None:  # type: ignore[no-untyped-def]
    images, total = counts
    folder = made.ascii_folder(tmp_path, images, total)
    path = folder / "cell (a) 1 (5) - PO_3-.txt"
    path.write_bytes(path.read_bytes()[:-6])
    region = open_region(folder)
    got = stacked(region)
    assert any("1 row dropped" in w and "(15, 11)" in w for w in region.warnings)
    assert region.total[-1, -1] == 0
    np.testing.assert_array_equal(got[0], images[0])
    np.testing.assert_array_equal(region.total.ravel()[:-1], total.ravel()[:-1])


def test_ascii_cut_within_the_first_rows_is_not_taken_for_a_small_image(tmp_path: Path) -> None:
    path = tmp_path / "m (0) - total.txt"
    path.write_text("0 0 3\n2 0 7\n3 0")
    with pytest.raises(ReadError, match=r"pixel \(1, 0\)"):
        surfacelab_ascii.open_region(path)
    path.write_text("0 0 3.0\n1 0 2.0\n0 1 7.0\n1 1")
    region = surfacelab_ascii.open_region(path)
    np.testing.assert_array_equal(region.total, [[3, 2], [7, 0]])
    assert any("1 row dropped" in w for w in region.warnings)


def test_missing_total_is_told(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    images, _ = counts
    for write in (made.bif6, made.ascii_folder):
        region = open_region(write(tmp_path, images, None))
        assert region.total is None
        assert region.total_source == "none"
        assert any("no total image" in w for w in region.warnings)
        np.testing.assert_array_equal(stacked(region), images)


def test_events_go_to_the_nearer_window(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    images, total = counts
    path = made.grd(tmp_path, images, total)
    wide = [Window(n, m, m - 0.05, m + 0.05) for _, n, m in made.PEAKS]
    ny, nx = total.shape
    np.testing.assert_array_equal(stacked(open_region(path, wide))[:, :ny, :nx], images)


def test_grd_streams_in_chunks_of_any_size(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    path = made.grd(tmp_path, *counts)
    whole = np.fromfile(path, "<u4").reshape(-1, 5)
    for size in (1, 7, len(whole), 10 * len(whole)):
        pieces = [chunk.copy() for chunk in grd.event_chunks(path, size)]
        np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_grd_properties_in_utf16_with_decimal_comma(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    path = made.grd(tmp_path, *counts)
    beside = tmp_path / "region.properties.txt"
    beside.write_bytes(beside.read_text().replace("32982.7", "32982,7").encode("utf-16"))
    properties = grd.read_properties(path)
    assert (properties.scale_factor, properties.offset, properties.nx) == (
        made.SCALE,
        made.OFFSET,
        16,
    )


def test_recognised_by_content(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    writers = (made.bif6, made.ascii_folder, made.grd, made.imzml, made.simsh5)
    files = [write(tmp_path, *counts) for write in writers]
    one = files[1] / "cell (a) 1 (0) - total.txt"
    assert [recognise(f).module for f in [*files, one]] == [
        "bif6",
        "surfacelab_ascii",
        "grd",
        "imzml",
        "simsh5",
        "surfacelab_ascii",
    ]
    renamed = tmp_path / "odd.dat"
    renamed.write_bytes(files[0].read_bytes())
    assert recognise(renamed).name == "BIF6"


# --- damaged files -----------------------------------------------------------------------------------


def one_line(error: ReadError, path: Path) -> str:
    text = str(error)
    assert "\n" not in text
    assert str(path) in text
    assert "expected" in text and "found" in text
    return text


@pytest.mark.parametrize("keep", [3, 11, 40, 1000, -1, -300])
def test_cut_bif6(tmp_path: Path, counts, keep: int) -> None:  # type: ignore[no-untyped-def]
    path = made.bif6(tmp_path, *counts)
    raw = path.read_bytes()
    path.write_bytes(raw[:keep])
    with pytest.raises(ReadError) as caught:
        bif6.read(path)
    one_line(caught.value, path)


def test_bif6_of_absurd_size_allocates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "huge.bif6"
    path.write_bytes(b"\0\0BIF6" + struct.pack("<HHH", 65535, 65535, 65535) + bytes(100))
    with pytest.raises(ReadError, match="cut in interval 1"):
        bif6.read(path)


def test_bif6_with_something_behind(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    path = made.bif6(tmp_path, *counts)
    path.write_bytes(path.read_bytes() + b"\0" * 8)
    with pytest.raises(ReadError, match="longer than its header says"):
        bif6.read(path)


@pytest.mark.parametrize(
    ("number", "masses", "what"),
    [
        (1, (5, 6, 4), "once"),
        (3, (-1, 0, 1), "mass limits"),
        (3, (float("nan"), 1, 2), "mass limits"),
    ],
)
def test_bif6_with_impossible_intervals(tmp_path: Path, number: int, masses, what: str) -> None:  # type: ignore[no-untyped-def]
    from coatbench.simulate.write_bif6 import write_bif6

    image = np.ones((2, 2))
    path = tmp_path / "odd.bif6"
    write_bif6(path, [(1, (5.0, 4.0, 6.0), image), (number, masses, image)])
    with pytest.raises(ReadError, match=what):
        bif6.read(path)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda raw: raw[: len(raw) // 2], r"pixel|rows"),
        (lambda raw: b"", "empty file"),
        (lambda raw: raw.replace(b"3 3 ", b"3 x ", 1), r"line \d+: .*'3 x "),
        (lambda raw: raw.replace(b"3 3 0", b"3 3 -0", 1).replace(b"3 3 1", b"3 3 -1", 1), "at least 0|plain"),
        (lambda raw: raw.replace(b"\r\n5 6 ", b"\r\n5 5 ", 1), r"pixel \(5, [56]\).*each pixel once"),
        (lambda raw: raw.replace(b"\r\n5 6 ", b"\r\n5 900000 ", 1), "rows for 16 x 900001"),
        (lambda raw: raw.replace(b"\r\n5 6", b" 7 8\r\n5 6", 1), r"line 104: "),
        (lambda raw: raw.replace(b"e+01\r\n", b"e+99\r\n", 1), r"line \d+"),
        (lambda raw: b"#" * 10000 + b"\n# only a header\n", "rows"),
        (lambda raw: raw + b"0 0 1.000000e+00\r\n", r"pixel \(0, 0\)"),
    ],
)  # fmt: skip
def test_damaged_ascii(tmp_path: Path, counts, change, what: str) -> None:  # type: ignore[no-untyped-def]
    images, total = counts
    folder = made.ascii_folder(tmp_path, images, total + 1)
    path = folder / "cell (a) 1 (0) - total.txt"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ReadError, match=what) as caught:
        surfacelab_ascii.read(folder)
    one_line(caught.value, path)


def test_folder_problems(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    folder = made.ascii_folder(tmp_path, *counts)
    total = folder / "cell (a) 1 (0) - total.txt"
    (folder / "notes.txt").write_text("by hand")
    assert any("notes.txt" in w for w in open_region(folder).warnings)
    (folder / "other (3) - S-.txt").write_bytes(total.read_bytes())
    with pytest.raises(ReadError, match="images of one measurement"):
        open_region(folder)
    (folder / "other (3) - S-.txt").rename(folder / "cell (a) 1 (5) - S-.txt")
    with pytest.raises(ReadError, match="one image with id 5"):
        open_region(folder)
    (folder / "cell (a) 1 (5) - S-.txt").write_text("0 0 1\n1 0 1\n")
    (folder / "cell (a) 1 (5) - PO_3-.txt").unlink()
    with pytest.raises(ReadError, match="2 x 1"):
        surfacelab_ascii.read(folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ReadError, match="images named"):
        open_region(empty)


def test_wrong_encoding_is_read_or_told(tmp_path: Path) -> None:
    path = tmp_path / "m (0) - total.txt"
    path.write_bytes("# µm\r\n0 0 1\r\n1 0 2\r\n".encode("utf-16"))
    np.testing.assert_array_equal(surfacelab_ascii.open_region(path).total, [[1, 2]])
    path.write_bytes("0 0 1\r\n1 0 2\r\n".encode("cp500"))
    with pytest.raises(ReadError):
        surfacelab_ascii.open_region(path)


@pytest.mark.parametrize("cut", [1, 19, 33])
def test_cut_grd(tmp_path: Path, counts, cut: int) -> None:  # type: ignore[no-untyped-def]
    path = made.grd(tmp_path, *counts)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(ReadError, match="whole events") as caught:
        grd.read(path)
    one_line(caught.value, path)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("32982.7", "text", "Context.MassScale.SF"),
        ("32982.7", "0", "Context.MassScale.SF"),
        ("Resolution\tint\t16", "Resolution\tint\t8", "raster"),
        ("Resolution\tint\t16", "Resolution\tint\t60000", "raster"),
        ("Registration.Raster.Resolution", "Something", "no such property"),
    ],
)
def test_damaged_grd_properties(tmp_path: Path, counts, old: str, new: str, what: str) -> None:  # type: ignore[no-untyped-def]
    path = made.grd(tmp_path, *counts)
    beside = tmp_path / "region.properties.txt"
    text = beside.read_text()
    assert old in text
    beside.write_text(text.replace(old, new))
    with pytest.raises(ReadError, match=what):
        grd.open_region(path, windows())


def test_grd_without_properties(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    path = made.grd(tmp_path, *counts)
    (tmp_path / "region.properties.txt").unlink()
    with pytest.raises(ReadError, match=r"properties\.txt beside it"):
        grd.read(path)


def test_other_technique_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.vms"
    path.write_text("VAMAS Surface Chemical Analysis Standard Data Transfer Format 1988 May 4\n")
    with pytest.raises(ReadError, match="move its row to xps"):
        open_region(path)


def images_as_text(
    folder: Path,
    images: dict[str, np.ndarray],
    row,
    head: str = "",
    first: int = 0,
    sparse: bool = False,
) -> Path:  # type: ignore[no-untyped-def]
    """Write a folder of text images, each row as `row(x, y, count)`."""
    folder.mkdir()
    for i, (label, image) in enumerate(images.items()):
        lines = [
            row(x + first, y + first, int(count))
            for (y, x), count in np.ndenumerate(image)
            if count or not sparse
        ]
        (folder / f"place (1) ({i}) - {label}.txt").write_text(
            head + "".join(f"{line}\n" for line in lines)
        )
    return folder


@pytest.mark.parametrize(
    ("row", "head"),
    [
        (lambda x, y, n: f"{x} {y} {n:e}", ""),
        (lambda x, y, n: f"{x};{y};{n}", "X;Y;Intensity\n"),
        (lambda x, y, n: f"{x},{y},{n}.0", '"x","y","counts"\n'),
        (lambda x, y, n: f"{x}\t{y}\t{n},0", "# image\nX\tY\tI\n"),
    ],
)
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("sparse", [False, True])
def test_dialects_of_text_images(
    tmp_path: Path, counts, row, head: str, first: int, sparse: bool
) -> None:  # type: ignore[no-untyped-def]
    images, total = counts
    named = {"total": total, "S_2-": images[0], "SO_2-": images[1]}
    region = open_region(images_as_text(tmp_path / "r", named, row, head, first, sparse))
    np.testing.assert_array_equal(region.total, total)
    for (_, found), label in zip(region.images(), ("S_2-", "SO_2-"), strict=True):
        np.testing.assert_array_equal(found, named[label])


def test_one_measurement_of_several_in_a_folder(tmp_path: Path, counts) -> None:  # type: ignore[no-untyped-def]
    images, total = counts
    folder = tmp_path / "all"
    for k, name in enumerate(("place (a) 1", "place 2")):
        write_surfacelab(folder, name, {0: ("total", total), 4: ("S_2-", images[k])})
    for k, name in enumerate(("place (a) 1", "place 2")):
        region = open_region(folder, measurement=name)
        np.testing.assert_array_equal(region.read_image(0), images[k])
    with pytest.raises(ReadError, match=r"place .a. 1.*place 2.*column measurement"):
        open_region(folder)
    with pytest.raises(ReadError, match=r"column measurement.*place 2.*'place 3'"):
        open_region(folder, measurement="place 3")
    assert "2 measurements" in read(folder, "sims").warnings[-1]


@pytest.mark.parametrize(
    ("content", "words"),
    [("# Depth Profile\r\n# Time (s)\tS-\r\n0.0\t1\r\n1.0\t2\r\n", "depth profile"),
     ("Channel\tm/z\tI\n0\t1.0\t0\n1\t1.01\t3\n", "mass spectrum")],
)  # fmt: skip
def test_text_that_is_no_image_is_named(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "export.txt"
    path.write_text(content)
    with pytest.raises(ReadError, match=words):
        open_region(path)


@pytest.mark.parametrize("folder", [False, True])
def test_a_depth_profile_is_named(tmp_path: Path, folder: bool) -> None:
    path = tmp_path / "p (0) - total.txt"
    path.write_text(
        "# Profile Smoothing is Disabled\n#\t\t\t\ttotal\tS_2-\t\n#\t\t\t\tN/A\t63.9447\t\n"
        "#Data Point #\tSputter Time (s)\tDose (ions)\tIntensity\n1\t1.3\t2e9\t899\t40\t\n"
    )
    with pytest.raises(ReadError, match="depth profile"):
        open_region(tmp_path if folder else path)


@pytest.mark.parametrize(
    ("stated", "sign"), [("Negative", -1), ("-1", -1), ("Positive", 1), ("1", 1)]
)
def test_polarity_of_events(tmp_path: Path, counts, stated: str, sign: int) -> None:  # type: ignore[no-untyped-def]
    path = made.grd(tmp_path, *counts)
    beside = tmp_path / "region.properties.txt"
    beside.write_text(beside.read_text().replace("Negative", stated))
    assert open_region(path).attrs["polarity"] == sign
