# SPDX-License-Identifier: BSD-2-Clause
"""The report in a browser: load, search, open, expand, follow a link, resize, by keys too."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from dtkit.trace.journey.filter import journey_filter
from dtkit.trace.journey.headers import dissect, walk
from dtkit.trace.journey.model import Hop, Journey, Step
from dtkit.trace.journey.path import read_path
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views.links import Links
from dtkit.trace.views.report import write_report
from tests.system.browser import Page, complaints
from tests.trace.frames import PACKETS, ethernet, ipv4, tcp

DATA = Path(__file__).parent.parent / "data"
TIME = 1_700_000_000_000_000_000
HOSTILE = "</script><img src=x onerror=document.title='owned'><b>&amp;"
SOURCE = "https://x.example/{path}#n{line}"


def journey(number: int, *notes: str | bytes) -> Journey:
    steps: list[Step] = [
        Hop.parse(note.encode()) if isinstance(note, str) else Snapshot(note) for note in notes
    ]
    return Journey(number, TIME + number, tuple(steps), "mbuf_trace 3")


def forwarded(number: int) -> Journey:
    """A packet that pf translates on its way out."""
    return journey(
        number,
        "net/if.c:42: +ether_input",
        ethernet(ipv4(tcp(b"x", source=number))),
        "netinet/ip_input.c:7: +ip_input(em0)",
        "netpfil/pf/pf.c:9: pf_test",
        ethernet(ipv4(tcp(b"x", source=50_000), source="192.0.2.1", ttl=63)),
        "netinet/ip_input.c:8: -ip_input",
    )


def dropped(number: int) -> Journey:
    return journey(number, "netinet/ip_input.c:7: +ip_input", PACKETS["ipv6"], "dropped")


def write(path: Path, journeys: list[Journey], links: Links | None = None) -> Path:
    with path.open("w", encoding="utf-8") as stream:
        write_report(journeys, stream, "capture.pcap", links or Links(SOURCE))
    return path


@pytest.fixture
def page(browser: webdriver.Chrome, tmp_path: Path) -> Iterator[Page]:
    journeys = [forwarded(n) if n % 2 else dropped(n) for n in range(1, 41)]
    page = Page(browser, write(tmp_path / "report.html", journeys))
    yield page
    assert complaints(browser) == []


def test_it_loads_and_shows_the_first_packet(page: Page) -> None:
    assert page.ready is not None
    assert page.one("#count").text == "40 packets"
    assert page.chosen == "#1"
    assert page.texts("#journey .name") == [
        "ether_input",
        "ip_input(em0)",
        "pf_test",
        "ip_input",
    ]
    assert page.texts("#groups button") == ["net", "netinet", "netpfil/pf", "kernel"]
    assert "changed since +ether_input\n" in page.one(".changes").text
    assert "ipv4 source 10.0.0.1 -> 192.0.2.1" in page.one(".changes").text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "40 packets"),
        ("label:pf_test", "20 of 40 packets"),
        ("LABEL:ip_input", "40 packets"),
        ("file:pf.c", "20 of 40 packets"),
        ("changed", "20 of 40 packets"),
        ("change:ttl em0", "20 of 40 packets"),
        ("fe80::1", "20 of 40 packets"),
        ("#7", "1 of 40 packets"),
        ("nowhere", "0 of 40 packets"),
    ],
)
def test_search(page: Page, text: str, found: str) -> None:
    assert page.search(text) == found
    if found.startswith("0"):
        assert page.one(".none").text.startswith("No packet matches.\n")


def test_only_packets_that_pass_a_subsystem(page: Page) -> None:
    chip = page.all("#groups button")[2]
    chip.click()
    assert page.one("#count").text == "20 of 40 packets"
    assert chip.get_attribute("aria-pressed") == "true"
    chip.click()
    assert page.one("#count").text == "40 packets"


def test_a_click_opens_a_packet_and_hops_expand(page: Page) -> None:
    page.row(2)
    assert page.chosen == "#2"
    page.row(1)
    hop = page.one(".hop button[aria-expanded]")
    hop.click()
    assert "subsystem\nnet\n" in page.one(".hop .more").text
    hop.click()
    assert page.all(".hop .more") == []


def test_links_lead_to_the_source(page: Page) -> None:
    link = page.one(".where a")
    assert (link.text, link.get_attribute("href")) == (
        "net/if.c:42",
        "https://x.example/net/if.c#n42",
    )
    assert link.get_attribute("rel") == "noreferrer"


def test_a_followed_link_opens(browser: webdriver.Chrome, tmp_path: Path) -> None:
    target = tmp_path / "net" / "if.c"
    target.parent.mkdir()
    target.write_text("the source\n")
    links = Links(f"file://{tmp_path}/{{path}}#n{{line}}")
    page = Page(browser, write(tmp_path / "report.html", [forwarded(1)], links))
    before = browser.current_window_handle
    page.one(".where a").click()
    page.until(lambda: len(browser.window_handles) == 2)
    (opened,) = set(browser.window_handles) - {before}
    browser.switch_to.window(opened)
    page.until(lambda: browser.current_url != "about:blank")
    assert browser.current_url == f"file://{tmp_path}/net/if.c#n42"
    assert "the source" in browser.page_source
    browser.close()
    browser.switch_to.window(before)


def test_the_lines_around_a_place_are_in_the_page(
    browser: webdriver.Chrome, tmp_path: Path
) -> None:
    source = tmp_path / "sys" / "net" / "if.c"
    source.parent.mkdir(parents=True)
    source.write_text("".join(f"line {n} {HOSTILE}\n" for n in range(1, 80)))
    links = Links(editor="vscode://file/{path}:{line}", source_root=tmp_path)
    page = Page(browser, write(tmp_path / "report.html", [forwarded(1)], links))
    page.one(".hop button[aria-expanded]").click()
    assert page.one(".hop pre .here").text == f"line 42 {HOSTILE}"
    assert page.one(".where a").get_attribute("href") == f"vscode://file{source}:42"


def test_fields_are_those_of_python_and_changes_are_marked(
    browser: webdriver.Chrome, tmp_path: Path
) -> None:
    made = [journey(n, "a", data) for n, data in enumerate(PACKETS.values(), 1) if data]
    page = Page(browser, write(tmp_path / "report.html", [*made, forwarded(99)]))
    for one in made:
        (snapshot,) = one.snapshots
        page.search(f"#{one.number}")
        page.one(".snapshot button[aria-expanded]").click()
        rows = [row.text for row in page.all(".more tr")]
        expected = []
        last = None
        for part, field, value in walk(snapshot.data, dissect(snapshot.data, snapshot.linktype)):
            if part is not last:
                expected.append(part.name)
            last = part
            expected.append(f"{field.name} {value}")
        assert rows == expected
        dump = page.one(".more pre.bytes").text
        shown = "".join(re.findall(r"^[0-9a-f]{4}  ((?:[0-9a-f]{2} ){1,16})", dump, re.MULTILINE))
        assert bytes.fromhex(shown) == snapshot.data
    page.search("#99")
    page.one(".snapshot.changed button[aria-expanded]").click()
    assert page.texts("td del") == ["64", "0x66c6", "10.0.0.1", "99"]
    assert page.texts("td mark") == ["63", "0xafc5", "192.0.2.1", "50000"]
    # Of the source address all four bytes, of the checksum both, of the port both, of ttl one.
    assert len(page.all("pre.bytes mark")) == 9


def test_the_keyboard_is_enough(page: Page) -> None:
    page.one("body").send_keys("j", "j", "k")
    assert page.chosen == "#2"
    page.press(Keys.ARROW_DOWN)
    assert page.chosen == "#3"
    page.press("/")
    page.press("label:pf_test")
    assert page.one("#count").text == "20 of 40 packets"
    page.press(Keys.ENTER)
    assert page.browser.switch_to.active_element.get_attribute("id") == "journey"
    page.press("e")
    assert len(page.all(".more")) == 6
    page.press("e")
    assert page.all(".more") == []
    page.press(Keys.TAB, Keys.ENTER)
    assert len(page.all(".more")) == 1
    page.press(Keys.ESCAPE)
    assert page.browser.switch_to.active_element.get_attribute("id") == "list"
    page.press("/")
    page.press(Keys.ESCAPE)
    assert page.one("#count").text == "40 packets"
    page.press(Keys.ESCAPE)
    page.press("?")
    assert page.one("#help").is_displayed()
    page.press(Keys.ESCAPE)
    assert not page.one("#help").is_displayed()


def test_the_graph_searches(page: Page) -> None:
    page.one("body").send_keys("g")
    assert not page.one("#journey").is_displayed()
    node = next(n for n in page.all("#graph .node") if n.get_attribute("data-label") == "pf_test")
    node.click()
    assert page.one("#search").get_attribute("value") == "label:pf_test"
    assert page.one("#count").text == "20 of 40 packets"


@pytest.fixture
def followed(browser: webdriver.Chrome, tmp_path: Path) -> Iterator[Page]:
    """Packets that a real kernel's DTrace followed: 1 delivered, 2 a copy, 4 dropped."""
    with (DATA / "path-epair-pf.txt").open("rb") as stream:
        journeys = [item for item in read_path(stream) if isinstance(item, Journey)]
    lost = journeys[2]
    journeys[2] = Journey(
        3, lost.time, lost.steps, lost.form, None, lost.outcome, ("2 hops are missing",)
    )
    page = Page(browser, write(tmp_path / "report.html", journeys))
    yield page
    assert complaints(browser) == []


def test_the_list_tells_what_became_of_packets(followed: Page) -> None:
    assert followed.texts(".row .end") == ["delivered", "freed", "delivered", "dropped"]
    assert followed.texts(".row .odd") == ["incomplete"]
    assert "copy of #1" in followed.texts(".row .top")[1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("outcome:dropped", ["#4"]),
        ("dropped", ["#4"]),
        ("outcome:pf_drop", ["#4"]),
        ('outcome:"returned PF_DROP"', ["#4"]),
        ("vnet:bravo", ["#1"]),
        ("vnet:router proc:nc", ["#4"]),
        ("proc:ping[85]", ["#1"]),
        ("if:lo0", ["#3"]),
        ("thread:0x186ec", ["#4"]),
        ("note:missing", ["#3"]),
        ("copy", ["#2"]),
        ("copy:#1", ["#2"]),
        ("copy:#2", []),
        ("outcome:nowhere", []),
    ],
)
def test_search_in_what_is_known_of_followed_packets(
    followed: Page, text: str, found: list[str]
) -> None:
    followed.search(text)
    assert followed.texts(".row .number") == found


def test_chips_choose_by_end_and_by_network_stack(followed: Page) -> None:
    chips = {chip.text: chip for chip in followed.all("#groups button")}
    assert {"dropped", "delivered", "freed", "vnet host", "vnet router", "vnet bravo"} < set(chips)
    chips["dropped"].click()
    assert followed.texts(".row .number") == ["#4"]
    chips["delivered"].click()
    assert followed.texts(".row .number") == ["#1", "#3", "#4"]
    chips["vnet router"].click()
    assert followed.texts(".row .number") == ["#1", "#4"]


def test_a_followed_packet_tells_its_end_and_where_each_hop_was(followed: Page) -> None:
    followed.row(4)
    first, last = followed.texts(".outcome")
    because = "because: refused by a firewall (pf_test returned PF_DROP)"
    assert first.splitlines() == last.splitlines()
    assert first.splitlines()[:2] == ["dropped: pf_test returned PF_DROP", because]
    assert followed.texts(".lane-name") == ["vnet host", "vnet router"]
    followed.one(".hop button[aria-expanded]").click()
    facts = followed.one(".hop .facts").text.splitlines()
    known = dict(zip(facts[::2], facts[1::2], strict=False))
    assert known["process"] == "nc[98]"
    assert known["vnet"] == "host"
    assert known["interface"] == "epair0a"
    assert known["thread"] == "0x186ec"
    assert known["time"] == "2026-11-21 03:25:34.641374085 UTC"
    followed.row(3)
    assert followed.texts(".notes li") == ["2 hops are missing"]


def test_copies_and_their_origin_lead_to_each_other(followed: Page) -> None:
    followed.search("#1")
    followed.one("#journey .go").click()
    assert followed.chosen == "#2"
    assert followed.one("#count").text == "4 packets"
    assert followed.texts("#journey .about")[0].endswith("copy of #1")
    followed.one("#journey .go").click()
    assert followed.chosen == "#1"


def test_packets_are_listed_without_a_blank_before_the_comma(
    browser: webdriver.Chrome, tmp_path: Path
) -> None:
    """What is between two ways to copies is a matter of style: a text has no blank there."""
    copies = [replace(dropped(number), origin=1) for number in (2, 3, 4)]
    page = Page(browser, write(tmp_path / "report.html", [dropped(1), *copies]))
    (about,) = page.texts("#journey .about")
    assert about.endswith(" · copied to #2, #3, #4")
    ends: list[list[float]] = browser.execute_script(
        """
        const walker = document.createTreeWalker(
          document.querySelector("#journey .about"), NodeFilter.SHOW_TEXT);
        const ends = [];
        while (walker.nextNode()) {
          const range = document.createRange();
          range.selectNodeContents(walker.currentNode);
          const { left, right } = range.getBoundingClientRect();
          ends.push([left, right]);
        }
        return ends;
        """
    )
    between = [after[0] - before[1] for before, after in itertools.pairwise(ends)]
    assert len(between) == 6  # what it is, #2, comma, #3, comma, #4
    assert between == pytest.approx([0] * len(between), abs=0.5)
    assert complaints(browser) == []


def test_a_time_axis_and_how_long_each_hop_took(followed: Page) -> None:
    assert followed.texts(".row .took") == ["120 ms", "1.19 s", "41.8 ms", "3.50 ms"]
    about = followed.texts("#journey .about")[0]
    assert re.search(r" · 10\d hops in 120 ms · copied to #2$", about)
    assert followed.texts(".since")[:5] == ["0 ns", "", "1.31 ms", "", "1.43 ms"]
    assert followed.texts(".wait")[:4] == ["", "+1.31 ms", "+122 us", "+114 us"]
    # What waited in the queue is a long bar, and a slow one.
    slow = followed.texts(".wait.slow")
    assert "+16.6 ms" in slow
    widths: list[float] = followed.browser.execute_script(
        "return [...document.querySelectorAll('.wait .bar')].map((e) => parseFloat(e.style.width))"
    )
    assert sum(widths) == pytest.approx(100, abs=0.1)
    assert followed.texts(".axis .mark") == ["0 ns", "29.9 ms", "59.8 ms", "89.6 ms", "120 ms"]
    ticks = followed.all(".axis .tick")
    assert 20 < len(ticks) < 110
    left = [tick.rect["x"] for tick in ticks]
    assert left == sorted(left)
    axis = followed.one(".axis").rect
    assert left[-1] == pytest.approx(axis["x"] + axis["width"], abs=3)
    ticks[-1].click()
    followed.until(lambda: followed.one("#journey").get_property("scrollTop") != 0)


def test_without_times_there_is_no_axis(page: Page) -> None:
    assert page.all(".axis") == []
    assert page.all(".since") == []
    assert page.all(".row .took") == []
    page.press("f")
    assert page.texts("#figures .about") == [
        "40 packets without times of hops: in no table of times"
    ]


def test_the_address_names_the_packet(followed: Page) -> None:
    url = followed.browser.current_url
    assert url.endswith("#1")
    followed.row(4)
    assert followed.browser.current_url.endswith("#4")
    followed.search("#3")
    assert followed.browser.current_url.endswith("#3")
    followed.browser.execute_script("location.hash = '#2'")
    followed.until(lambda: followed.chosen == "#2")
    assert followed.one("#count").text == "4 packets"
    followed.browser.get("about:blank")
    followed.browser.get(url.replace("#1", "#4"))
    assert followed.chosen == "#4"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("latency:100ms", ["#1", "#2"]),
        ("latency:>1s", ["#2"]),
        ("latency:<5ms", ["#4"]),
        ("function:pf_test", ["#1", "#4"]),
        ("label:pf_*_icmp", ["#1"]),
        ("label:f_*", []),
        ("proc:nc", ["#3", "#4"]),
        ("proc:n?", ["#3", "#4"]),
        ("outcome:*PF_DROP", ["#4"]),
        ("outcome:d*d", ["#1", "#3", "#4"]),
    ],
)
def test_search_takes_the_words_of_the_filter(followed: Page, text: str, found: list[str]) -> None:
    followed.search(text)
    assert followed.texts(".row .number") == found
    # The command line finds the same, where it has the words; there a word without * is the whole.
    with (DATA / "path-epair-pf.txt").open("rb") as stream:
        journeys = [item for item in read_path(stream) if isinstance(item, Journey)]
    wanted = journey_filter(text)
    assert [f"#{one.number}" for one in journeys if wanted(one)] == found


def test_pcap_filters_are_for_the_command_line(followed: Page) -> None:
    followed.search("tcp port 99")
    assert "--filter 'tcp port 22'" in followed.one(".none").text


def test_figures(followed: Page) -> None:
    followed.press("f")
    assert not followed.one("#journey").is_displayed()
    titles = followed.texts("#figures h2")
    assert titles[:4] == [
        "What became of packets", "Dropped by", "How long packets took", "The slowest packets",
    ]  # fmt: skip
    text = followed.one("#figures").text
    assert "refused by a firewall" in text
    assert "queue" in text
    click = """return [...document.querySelectorAll('#figures .go')]
        .find((e) => e.innerText === arguments[0])"""
    followed.browser.execute_script(click, "refused by a firewall").click()
    assert followed.texts(".row .number") == ["#4"]
    followed.one("#show-figures").click()
    followed.browser.execute_script(click, "#2").click()
    assert followed.chosen == "#2"
    assert followed.one("#journey").is_displayed()


def test_printing_prints_the_chosen_packet(followed: Page) -> None:
    followed.row(4)
    followed.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not followed.one("nav").is_displayed()
    assert not followed.one("header").is_displayed()
    assert followed.one("#journey h2").is_displayed()
    followed.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.parametrize("width", [400, 800, 1400])
def test_nothing_is_clipped_or_wider_than_the_window(followed: Page, width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    followed.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        outside = """return [...document.querySelectorAll(arguments[0])].filter((e) => {
            const mine = e.getBoundingClientRect(), row = e.closest(arguments[1]);
            const its = row.getBoundingClientRect();
            return mine.width && (mine.right > its.right + 1 || mine.left < its.left - 1);
        }).map((e) => e.innerText)"""
        look = followed.browser.execute_script
        assert look(outside, ".row .badge, .row .end", ".row") == []
        assert look("return document.documentElement.scrollWidth") <= width
        followed.row(1)
        assert look(outside, ".wait, .where, .axis .tick", "#journey") == []
        assert look("return document.getElementById('journey').scrollWidth") <= width
        # One line of buttons, but for the title and the search on a phone.
        assert look("return document.querySelector('header').offsetHeight") < (
            130 if width < 760 else 60
        )
        followed.one("#show-figures").click()
        assert look("return document.documentElement.scrollWidth") <= width
    finally:
        followed.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_long_journey_is_shown_in_parts(browser: webdriver.Chrome, tmp_path: Path) -> None:
    long = Journey(1, None, tuple(Hop.parse(b"+a") for _ in range(65535)), "mbuf_trace 3")
    page = Page(browser, write(tmp_path / "report.html", [long]))
    assert len(page.all("#journey li")) == 1500
    assert page.one(".rest").text == "64035 more"
    page.one(".rest").click()
    assert len(page.all("#journey li")) == 3000


def test_light_and_dark(page: Page) -> None:
    def colours() -> tuple[str, str]:
        body = page.one("body")
        return (
            body.value_of_css_property("background-color"),
            body.value_of_css_property("color"),
        )

    light = colours()
    page.one("#theme").click()
    dark = colours()
    assert light != dark
    page.browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": "dark"}]},
    )
    page.browser.refresh()
    assert colours() == dark
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_a_narrow_window_shows_one_thing_at_a_time(page: Page) -> None:
    page.browser.set_window_size(500, 700)
    page.until(lambda: not page.one("#journey").is_displayed())
    page.row(3)
    assert page.chosen == "#3"
    assert not page.one("#list").is_displayed()
    page.press("e")
    width = page.browser.execute_script("return document.documentElement.scrollWidth")
    assert width <= page.browser.execute_script("return innerWidth")
    page.one(".back").click()
    assert page.one("#list").is_displayed()


def test_only_the_rows_in_sight_exist(browser: webdriver.Chrome, tmp_path: Path) -> None:
    journeys = [journey(n, "a") for n in range(1, 5001)]
    page = Page(browser, write(tmp_path / "report.html", journeys))
    assert len(page.all(".row")) < 60
    browser.execute_script("document.getElementById('list').scrollTop = 1e9")
    page.until(lambda: "#5000" in page.texts(".row .number"))
    assert len(page.all(".row")) < 60


def test_hostile_strings_stay_text(browser: webdriver.Chrome, tmp_path: Path) -> None:
    hostile = journey(1, f"{HOSTILE}/f.c:3: {HOSTILE}", PACKETS["ip"], f"f({HOSTILE}\u2028\x1b)")
    path = tmp_path / "report.html"
    with path.open("w", encoding="utf-8") as stream:
        write_report([hostile], stream, HOSTILE, Links(SOURCE))
    page = Page(browser, path)
    assert browser.title == HOSTILE
    assert page.texts("#journey .name")[1] == f"f({HOSTILE}\\u2028\\x1b)"
    page.one("#journey").send_keys("e", "g")
    assert page.all("img, b") == []
    hop = Hop.parse(b"f")._replace(process=HOSTILE, interface=HOSTILE, vnet=HOSTILE)
    followed = Journey(1, TIME, (hop,), "path", None, f"dropped: {HOSTILE}", (HOSTILE,))
    page = Page(browser, write(tmp_path / "followed.html", [followed]))
    page.one("#journey").send_keys("e")
    assert page.texts(".outcome") == [f"dropped: {HOSTILE}"] * 2
    assert page.texts(".notes li") == [HOSTILE]
    assert page.all("img, b") == []
    assert complaints(browser) == []


def test_the_page_needs_no_network(page: Page) -> None:
    script = "return performance.getEntriesByType('resource').map(entry => entry.name)"
    assert page.browser.execute_script(script) == []
    # What the policy would stop is not even tried: nothing was reported to the console.
    policy = page.one("meta[http-equiv]").get_attribute("content")
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_the_data_blocks_are_json_whatever_is_in_them() -> None:
    stream = io.StringIO()
    write_report([journey(1, HOSTILE, "<!--<script>")], stream, "t", Links())
    blocks = re.findall(
        r'<script type="application/json" id="[a-z-]+">(.*?)</script>', stream.getvalue(), re.DOTALL
    )
    assert len(blocks) == 2
    for text in blocks:
        json.loads(text)
        assert not set("<>&") & set(text)


def test_journeys_are_written_while_they_are_read() -> None:
    stream = io.StringIO()
    sizes = []

    def journeys() -> Iterator[Journey]:
        for number in itertools.count(1):
            sizes.append(len(stream.getvalue()))
            if number > 400:
                return
            yield forwarded(number)

    write_report(journeys(), stream, "t", Links())
    assert sizes[300] > sizes[200] > sizes[100] > sizes[0]
