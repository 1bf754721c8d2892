# SPDX-License-Identifier: BSD-2-Clause
"""Links to source: templates, and local trees that a capture cannot lead out of."""

from __future__ import annotations

from pathlib import Path

import pytest

from dtkit.trace.journey.model import Place
from dtkit.trace.views.links import Links, check_template

PLACE = Place.parse(b"/usr/src/sys/net/if.c:42: +ether_input")


@pytest.mark.parametrize(
    ("template", "ok"),
    [
        ("https://cgit.example/tree/sys/{path}#n{line}", True),
        ("vscode://file/{path}:{line}", True),
        ("javascript://x/{path}", False),
        ("JavaScript://x/{path}", False),
        ("data://{path}", False),
        ("{path}", False),
        ("https://x/{file}", False),
    ],
)
def test_templates(template: str, ok: bool) -> None:
    if ok:
        assert check_template(template) == template
    else:
        with pytest.raises(ValueError, match=r"link"):
            check_template(template)


def test_links() -> None:
    links = Links("https://x.example/{path}#n{line}", "vscode://file/{path}:{line}")
    assert links.source(PLACE) == "https://x.example/net/if.c#n42"
    assert links.edit(PLACE) == "vscode://file/usr/src/sys/net/if.c:42"
    bare = Place.parse(b"no position")
    assert (links.source(bare), links.edit(bare)) == (None, None)
    hostile = Place.parse(b'a"><script>/?q#\xff.c:1: x')
    assert links.source(hostile) == "https://x.example/a%22%3E%3Cscript%3E/%3Fq%23%FF.c#n1"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    source = tmp_path / "src" / "sys" / "net"
    source.mkdir(parents=True)
    (source / "if.c").write_text("".join(f"line {number}\n" for number in range(1, 100)))
    (tmp_path / "secret").write_text("secret\n" * 50)
    (source / "link.c").symlink_to(tmp_path / "secret")
    return tmp_path / "src"


@pytest.mark.parametrize("below", ["", "sys"], ids=["src", "src/sys"])
def test_a_local_tree(tree: Path, below: str) -> None:
    links = Links(editor="vscode://file/{path}:{line}", source_root=tree / below)
    assert links.snippet(PLACE) == (36, [f"line {number}" for number in range(36, 49)])
    assert links.edit(PLACE) == f"vscode://file{tree}/sys/net/if.c:42"
    assert links.snippet(Place.parse(b"net/if.c:1: x")) == (1, [f"line {n}" for n in range(1, 8)])


@pytest.mark.parametrize(
    "text",
    [
        b"net/if.c:100: past the end",
        b"net/if.c:0: before the start",
        b"net/none.c:1: x",
        b"../secret:1: x",
        b"../../secret:1: x",
        b"net/../../../secret:1: x",
        b"net/link.c:1: x",
        b"/etc/passwd:1: x",
        b"net/\0:1: x",
        b"net:1: x",
        b"a" * 5000 + b":1: x",
    ],
)
def test_what_a_capture_cannot_get_out_of_it(tree: Path, text: bytes) -> None:
    assert Links(source_root=tree).snippet(Place.parse(text)) is None
