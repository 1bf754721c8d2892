# SPDX-License-Identifier: BSD-2-Clause
"""Which release a listing is of."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from dtkit.freebsd import Release, UnknownReleaseError, releases
from dtkit.probes import ListedProbe, read_listing
from dtkit.probes.recognise import listed_release, released_probes

CAPTURES = Path(__file__).parent.parent / "data" / "captures"


def test_a_real_listing() -> None:
    with lzma.open(CAPTURES / "listing-kernel-entry.txt.xz") as stream:
        probes = [item for item in read_listing(stream) if isinstance(item, ListedProbe)]  # type: ignore[arg-type]
    found = listed_release(probes)
    assert found is not None
    assert found.name == "12"


@pytest.mark.parametrize("known", [one for one in releases() if one.released], ids=str)
def test_each_release_is_recognised(known: Release) -> None:
    assert listed_release(released_probes(known)) is known


def test_a_listing_of_another_kernel_names_the_nearest() -> None:
    probes = released_probes(releases()[0])
    odd = [
        ListedProbe(one.id, one.description, (*one.arguments, "int"), 1) if one.id % 5 == 0 else one
        for one in probes
    ]
    with pytest.raises(UnknownReleaseError, match="no FreeBSD that dtkit knows; 12 is nearest: "):
        listed_release(odd)


def test_a_few_functions_do_not_tell() -> None:
    assert listed_release(released_probes(releases()[0])[:10]) is None
