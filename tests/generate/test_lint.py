# SPDX-License-Identifier: BSD-2-Clause
"""The D that is made for a kernel's own functions has nothing of which ``--lint`` warns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dtkit.dlang import lint
from dtkit.freebsd import release
from dtkit.generate.functions import choose, listed_functions
from dtkit.generate.holding import ending
from dtkit.generate.path import PathRequest, path_script
from dtkit.generate.tellers import tellers
from dtkit.probes.recognise import released_probes

REQUESTS = {
    "plain": PathRequest("tcp port 22"),
    "all of it": PathRequest("udp", returns=True, stack=True, meta=True, sockets=True),
    "dropped": replace(PathRequest("icmp"), only=ending("dropped")),
    "slower": replace(PathRequest("icmp"), only=ending("slower:5ms")),
}


@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("name", ["12", "14", "15"])
def test_nothing_is_said_of_a_path(name: str, request_: str) -> None:
    probes = released_probes(release(name))
    functions = choose(listed_functions(probes), "all")
    text, _ = path_script(functions, REQUESTS[request_], tellers=tellers(probes))
    assert "self->" in text
    assert lint(text) == []
