"""Write a region as imzML: a spectrum per pixel with counts, `processed`, its numbers in `<name>.ibd` beside it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

_HEAD = """<?xml version="1.0" encoding="ISO-8859-1"?>
<mzML xmlns="http://psi.hupo.org/ms/mzml" version="1.1">
<cvList count="2"><cv id="MS" fullName="Proteomics Standards Initiative Mass Spectrometry Ontology" URI=""/>
<cv id="IMS" fullName="Imaging MS Ontology" URI=""/></cvList>
<fileDescription><fileContent>
<cvParam cvRef="IMS" accession="IMS:1000080" name="universally unique identifier" value="{{{uuid}}}"/>
<cvParam cvRef="IMS" accession="IMS:1000031" name="processed" value=""/>
</fileContent></fileDescription>
<referenceableParamGroupList count="3">
<referenceableParamGroup id="mzArray"><cvParam cvRef="MS" accession="MS:1000514" name="m/z array" value=""/>
<cvParam cvRef="MS" accession="MS:1000523" name="64-bit float" value=""/></referenceableParamGroup>
<referenceableParamGroup id="intensityArray"><cvParam cvRef="MS" accession="MS:1000515" name="intensity array" value=""/>
<cvParam cvRef="MS" accession="MS:1000521" name="32-bit float" value=""/></referenceableParamGroup>
<referenceableParamGroup id="scan"><cvParam cvRef="MS" accession="{sign}" name="{polarity} scan" value=""/></referenceableParamGroup>
</referenceableParamGroupList>
<scanSettingsList count="1"><scanSettings id="s">
<cvParam cvRef="IMS" accession="IMS:1000042" name="max count of pixels x" value="{nx}"/>
<cvParam cvRef="IMS" accession="IMS:1000043" name="max count of pixels y" value="{ny}"/></scanSettings></scanSettingsList>
<instrumentConfigurationList count="1"><instrumentConfiguration id="i"/></instrumentConfigurationList>
<run id="r"><spectrumList count="{n}">
"""
_SPECTRUM = """<spectrum id="{i}" index="{i}" defaultArrayLength="0"><referenceableParamGroupRef ref="scan"/><scanList count="1"><scan>
<cvParam cvRef="IMS" accession="IMS:1000050" name="position x" value="{x}"/>
<cvParam cvRef="IMS" accession="IMS:1000051" name="position y" value="{y}"/></scan></scanList>
<binaryDataArrayList count="2">
<binaryDataArray encodedLength="0"><referenceableParamGroupRef ref="mzArray"/>
<cvParam cvRef="IMS" accession="IMS:1000102" name="external offset" value="{mass_at}"/>
<cvParam cvRef="IMS" accession="IMS:1000103" name="external array length" value="{length}"/><binary/></binaryDataArray>
<binaryDataArray encodedLength="0"><referenceableParamGroupRef ref="intensityArray"/>
<cvParam cvRef="IMS" accession="IMS:1000102" name="external offset" value="{intensity_at}"/>
<cvParam cvRef="IMS" accession="IMS:1000103" name="external array length" value="{length}"/><binary/></binaryDataArray>
</binaryDataArrayList></spectrum>
"""


def write_imzml(
    path: Path,
    pixel: np.ndarray,
    mass_u: np.ndarray,
    shape: tuple[int, int],
    polarity: str = "negative",
) -> None:
    """Write ions: flat pixel numbers and masses, (n,) each. Positions count from 1."""
    order = np.lexsort((mass_u, pixel))
    pixel, mass_u = pixel[order], mass_u[order]
    first = np.flatnonzero(np.r_[True, pixel[1:] != pixel[:-1]])
    uuid = hashlib.blake2b(mass_u.tobytes(), digest_size=16).digest()
    binary, spectra = bytearray(uuid), []
    for i, (low, high) in enumerate(zip(first, [*first[1:], pixel.size], strict=True)):
        masses, counts = np.unique(mass_u[low:high], return_counts=True)
        y, x = divmod(int(pixel[low]), shape[1])
        mass_at = len(binary)
        binary += masses.astype("<f8").tobytes()
        intensity_at = len(binary)
        binary += counts.astype("<f4").tobytes()
        spectra.append(
            _SPECTRUM.format(
                i=i,
                x=x + 1,
                y=y + 1,
                mass_at=mass_at,
                intensity_at=intensity_at,
                length=masses.size,
            )
        )
    sign = "MS:1000129" if polarity == "negative" else "MS:1000130"
    head = _HEAD.format(
        uuid=uuid.hex(), sign=sign, polarity=polarity, n=len(spectra), ny=shape[0], nx=shape[1]
    )
    path.write_text(head + "".join(spectra) + "</spectrumList></run></mzML>\n", encoding="latin-1")
    path.with_suffix(".ibd").write_bytes(binary)
