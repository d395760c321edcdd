"""Micrographs: pixels and scale from every place that a program writes one to, and damage of all kinds."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from coatbench.errors import AnalysisError, MissingExtraError, ReadError
from coatbench.readers import read
from coatbench.simulate.write_tiff import write_tiff
from coatbench.stem.curves import map_curves
from coatbench.stem.image import Micrograph, prepare

from .dm3_file import dm3

PIXELS = (np.arange(60 * 40).reshape(40, 60) % 251).astype(np.uint16)


def only(path):
    export = read(path, "stem")
    assert len(export.sets) == 1
    return export, export.sets[0].to_xarray()


@pytest.mark.parametrize(
    ("scale_in", "source"),
    [("imagej", "ImageJ"), ("gatan", "Gatan tags"), ("resolution", "TIFF resolution")],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_our_writer(tmp_path, scale_in, source, dtype):
    path = tmp_path / "a.tif"
    write_tiff(path, PIXELS.astype(dtype), 0.7, scale_in=scale_in)
    _, block = only(path)
    assert block["intensity"].dims == ("y", "x")
    assert np.array_equal(block["intensity"], PIXELS)
    assert block.attrs["pixel_size_nm"] == pytest.approx(0.7, rel=1e-6)
    assert block.attrs["calibration"] == source
    assert block["x_nm"].values == pytest.approx(0.7 * np.arange(60), rel=1e-6)
    assert block["y_nm"].attrs["units"] == "nm"


@pytest.mark.parametrize(
    ("unit", "per_nm"),
    [
        ("nm", 1.0),
        ("um", 1e-3),
        ("micron", 1e-3),
        ("\\u00B5m", 1e-3),
        ("mm", 1e-6),
        ("\\u00C5", 10.0),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_imagej_as_another_program_writes_it(tmp_path, unit, per_nm, order):
    path = tmp_path / "a.tif"
    density = 1 / (168.674692 * per_nm)  # pixels per unit of a real microscope image
    tifffile.imwrite(
        path, PIXELS, imagej=True, resolution=(density, density), metadata={"unit": unit}, byteorder=order
    )  # fmt: skip
    assert only(path)[1].attrs["pixel_size_nm"] == pytest.approx(168.674692, rel=1e-5)


def test_fei(tmp_path):
    path = tmp_path / "a.tif"
    text = "[Scan]\r\nPixelWidth=1.25e-009\r\nPixelHeight=1.25e-009\r\n"
    tifffile.imwrite(path, PIXELS, extratags=[(34682, "s", 0, text, True)], metadata=None)
    _, block = only(path)
    assert block.attrs["pixel_size_nm"] == pytest.approx(1.25)
    assert block.attrs["calibration"] == "FEI tags"


@pytest.mark.parametrize("resolution", [(72, 72), (300, 300), (0, 0)])
def test_print_resolution_is_no_calibration(tmp_path, resolution):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, PIXELS, resolution=resolution, resolutionunit="inch", metadata=None)
    _, block = only(path)
    assert np.isnan(block.attrs["pixel_size_nm"])
    assert block.attrs["calibration"] == ""
    assert "x_nm" not in block.coords


@pytest.mark.parametrize(
    "options", [{"compression": "zlib"}, {"bigtiff": True}, {"tile": (16, 16)}]
)
def test_other_layouts(tmp_path, options):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, PIXELS, metadata=None, **options)
    assert np.array_equal(only(path)[1]["intensity"], PIXELS)


def test_colours_are_averaged_and_stacks_are_told(tmp_path):
    path = tmp_path / "a.tif"
    colours = np.stack([PIXELS, PIXELS * 2, PIXELS * 3], axis=-1)
    tifffile.imwrite(path, colours, photometric="rgb", metadata=None)
    export, block = only(path)
    assert np.array_equal(block["intensity"], PIXELS * 2)
    assert export.warnings == ["a colour image: its channels are averaged"]
    tifffile.imwrite(path, np.stack([PIXELS, PIXELS * 2, PIXELS * 3]), imagej=True)
    export = read(path, "stem")
    assert len(export.sets) == 3
    row = {"kind": "laadf", "pixel_size_nm": "1"}
    first = prepare(row, path, export)
    assert np.array_equal(first.pixels, PIXELS)
    assert any(w.startswith("3 images in the file") for w in first.warnings)


def test_dm3(tmp_path):
    path = tmp_path / "a.dm3"
    path.write_bytes(dm3(PIXELS, 0.35, "nm"))
    export, block = only(path)
    assert export.format == "Gatan DM"
    assert np.array_equal(block["intensity"], PIXELS)
    assert block.attrs["pixel_size_nm"] == pytest.approx(0.35)


def test_dm3_without_a_length_is_not_calibrated(tmp_path):
    path = tmp_path / "a.dm3"
    path.write_bytes(dm3(PIXELS, 1.0, ""))
    assert np.isnan(only(path)[1].attrs["pixel_size_nm"])


@pytest.mark.parametrize(
    ("content", "module", "kind"),
    [
        (dm3(PIXELS, 1.0, "nm"), "rsciio.digitalmicrograph", "Gatan DM"),
        (b"AAMVHFSS" + bytes(600), "rsciio.bruker", "Bruker BCF"),
    ],
)
def test_without_rosettasciio_the_message_names_the_extra(
    tmp_path, monkeypatch, content, module, kind
):
    monkeypatch.setitem(sys.modules, module, None)
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    with pytest.raises(MissingExtraError, match=r"rosettasciio.*coatbench\[microscopy\]") as error:
        read(path, "stem")
    assert kind in str(error.value)


def whole(kind: str, tmp_path) -> bytes:
    path = tmp_path / "whole.bin"
    if kind == "dm3":
        return dm3(PIXELS, 0.35, "nm")
    if kind == "ours":
        write_tiff(path, PIXELS, 0.7)
    else:
        tifffile.imwrite(path, PIXELS, compression="zlib", metadata=None)
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["ours", "zlib", "dm3"])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5, 0.9, 0.99])
def test_a_cut_file_is_refused(tmp_path, kind, share):
    path = tmp_path / "a.bin"
    content = whole(kind, tmp_path)
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ReadError) as error:
        read(path, "stem")
    assert str(error.value).startswith(f"{path}: ")
    assert "expected" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_header_that_promises_too_much_allocates_nothing(tmp_path):
    path = tmp_path / "a.tif"
    write_tiff(path, PIXELS, 0.7)
    content = bytearray(path.read_bytes())
    for code in (256, 257):  # width and height, each 60000: 7 GB
        at = content.index(code.to_bytes(2, "little") + (4).to_bytes(2, "little"))
        content[at + 8 : at + 12] = (60000).to_bytes(4, "little")
    path.write_bytes(bytes(content))
    with pytest.raises(ReadError, match="an image that"):
        read(path, "stem")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_pixels_that_are_no_numbers_are_refused(tmp_path, value):
    path = tmp_path / "a.tif"
    pixels = PIXELS.astype(np.float32)
    pixels[3, 4] = value
    write_tiff(path, pixels, 0.7)
    with pytest.raises(ReadError, match="finite real numbers"):
        read(path, "stem")


def test_empty_and_other_files(tmp_path):
    path = tmp_path / "a.tif"
    path.touch()
    with pytest.raises(ReadError, match="an empty file"):
        read(path, "stem")
    path.write_text("".join(f"{e}\t{e}\n" for e in range(500, 600)))
    with pytest.raises(ReadError, match="expected an export of stem, found text"):
        read(path, "stem")
    path.write_bytes(b"AAMVHFSS" + bytes(600))
    with pytest.raises(ReadError, match="Bruker BCF structure"):
        read(path, "stem")


def test_velox_images_and_their_choice(tmp_path, config):
    """An HDF5 file as Velox writes it: images of two detectors, told by title or number."""
    h5py = pytest.importorskip("h5py")
    pytest.importorskip("rsciio")
    path = tmp_path / "a.emd"
    with h5py.File(path, "w") as file:
        for name, level in (("S", 3), ("HAADF", 10), ("BF", 90)):
            group = file.create_group(f"data/{name}")
            group.attrs["emd_group_type"] = 1
            group.create_dataset("data", data=np.full((20, 30), level, np.uint16))
            for k, n in ((1, 20), (2, 30)):
                axis = group.create_dataset(f"dim{k}", data=0.5 * np.arange(n))
                axis.attrs["name"], axis.attrs["units"] = "yx"[k - 1], "[n_m]"
        file.attrs["version_major"], file.attrs["version_minor"] = 0, 2
    export = read(path, "stem")
    assert export.format == "Velox EMD" and len(export.sets) == 3
    titles = [b.attrs["title"] for b in export.sets]
    row = {"kind": "laadf", "pixel_size_nm": "0.5"}
    for wanted in ("BF", str(titles.index("BF") + 1)):
        assert prepare(row | {"image": wanted}, path, export).pixels.max() == 90
    first = prepare(row, path, export)
    assert any("2 images in the file" in w and "BF" in w for w in first.warnings)
    assert first.pixels.max() != 3  # the map of an element is no micrograph
    assert prepare({"kind": "edx", "element": "S", "pixel_size_nm": "0.5"}, path, export).pixels.max() == 3  # fmt: skip
    for wanted in ("DF", "0", "4"):
        with pytest.raises(AnalysisError, match="there are: 1 BF, 2 HAADF, 3 S"):
            prepare(row | {"image": wanted}, path, export)


def test_pages_of_a_tiff_are_images_of_their_own(tmp_path):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        for k in (1, 2):
            file.write(
                PIXELS * k, metadata=None, resolution=(1e7, 1e7), resolutionunit="CENTIMETER"
            )
    export = read(path, "stem")
    assert len(export.sets) == 2 and not export.warnings
    row = {"kind": "laadf", "image": "2"}
    assert np.array_equal(prepare(row, path, export).pixels, PIXELS * 2.0)


@pytest.mark.parametrize("head", [b"II\x97\x01", b"\x89HDF\r\n\x1a\n", b"\x30\x01\x00\x00PTTDFIL"])
def test_a_cut_file_of_another_vendor_is_one_line(tmp_path, head):
    pytest.importorskip("rsciio")
    path = tmp_path / "a.bin"
    path.write_bytes(head + bytes(300))
    with pytest.raises(ReadError, match=r"a\.bin"):
        read(path, "stem")


def test_a_map_shows_what_was_compared():
    """Layer before background, where a pixel is in both."""
    layer, beside = np.zeros((2, 4, 5), bool)
    layer[0], beside[0, 2:], beside[1] = True, True, True
    image = Micrograph(Path("a.tif"), np.ones((4, 5)), 1.0, "index", [])
    found = map_curves(image, {"kind": "edx", "element": "S"}, (layer, beside), quality="ok")
    assert np.asarray(found["mask"]).tolist() == [[1] * 5, [2] * 5, [0] * 5, [0] * 5]
