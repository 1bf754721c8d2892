# SPDX-License-Identifier: BSD-2-Clause
"""The manual as web pages: made without a warning, read without a network, on any screen."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from tests.system.browser import Page, complaints

pytest.importorskip("sphinx", reason="no Sphinx: make .venv/installed")

TOP = Path(__file__).parents[2]


def build(docs: Path, into: Path) -> subprocess.CompletedProcess[str]:
    """Make the pages of *docs*, as ``make docs`` does."""
    words = ["-q", "-W", "--keep-going", "-b", "html", "-d", str(into / "doctrees")]
    return subprocess.run(
        [sys.executable, "-m", "sphinx", *words, str(docs), str(into / "html")],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def manual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("web")
    done = build(TOP / "docs", into)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return into / "html"


def test_it_loads_nothing_from_elsewhere(manual: Path) -> None:
    """Links of text may lead out; what a browser fetches by itself lies beside the page."""
    pages = sorted(manual.rglob("*.html"))
    assert len(pages) > 40
    fetched = re.compile(r"<(?:script|img|iframe|link)\b[^>]*?\b(?:src|href)=\"([^\"]*)\"")
    for page in pages:
        for target in fetched.findall(page.read_text()):
            assert "//" not in target, f"{page.name}: {target}"
    for style in manual.rglob("*.css"):
        assert not re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", style.read_text()), style


def test_each_page_can_be_reached(manual: Path) -> None:
    start = (manual / "index.html").read_text()
    for page in (TOP / "docs").rglob("*.md"):
        name = page.relative_to(TOP / "docs").with_suffix(".html").as_posix()
        assert name == "index.html" or f'"{name}"' in start, name


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[there](reference/nosuch.md)", "nosuch.md"),
        ("[there](#no-such-heading)", "no-such-heading"),
        ("```{made-from} nothing\n```", "nothing"),
    ],
)
def test_a_link_that_leads_nowhere_stops_it(tmp_path: Path, text: str, complaint: str) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in ("conf.py", "generated.py", "static"):
        (docs / name).symlink_to(TOP / "docs" / name)
    (docs / "index.md").write_text(f"# A page\n\n{text}\n")
    done = build(docs, tmp_path)
    assert done.returncode != 0
    assert complaint in done.stderr


def test_what_is_generated_is_there(manual: Path) -> None:
    def text(name: str) -> str:
        return re.sub(r"<[^>]*>", "", (manual / "reference" / f"{name}.html").read_text())

    assert "--only" in text("commands")
    assert "read_journeys" in text("api")
    assert "fbt::ip_input:entry" in text("catalog")
    assert "copyoutmbuf-selftest" in text("ready-made")
    assert "urn:dtkit:schema:journey:1" in text("schemas")
    assert "patched" in text("support")


@pytest.fixture
def page(browser: webdriver.Chrome, manual: Path) -> Iterator[Page]:
    yield Page(browser, manual / "index.html")
    assert complaints(browser) == []


@pytest.mark.parametrize("width", [400, 800, 1400])
@pytest.mark.parametrize("name", ["index", "tutorial/first-bug", "reference/path", "reference/api"])
def test_a_page_fits_the_screen(page: Page, manual: Path, name: str, width: int) -> None:
    """What is wider scrolls by itself, and the page does not."""
    page.browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False},
    )
    page.browser.get((manual / f"{name}.html").as_uri())
    wide = page.browser.execute_script("return document.documentElement.scrollWidth")
    page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= width


def test_the_search_works_from_a_file(page: Page, manual: Path) -> None:
    page.browser.get(f"{(manual / 'search.html').as_uri()}?q=reason_set")
    page.until(lambda: page.browser.find_elements(By.CSS_SELECTOR, "ul.search li a"))
    assert "dtkit path" in page.texts("ul.search li a")
