# SPDX-License-Identifier: BSD-2-Clause
"""Who is served the live page: by Host, Origin, what a browser says of the request, and token."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from dtkit.trace.views.live import LiveReport

serving = pytest.importorskip("dtkit.live.serving")

TITLE = "a title that nobody else sees"

#: What is served under the token.
PAGES = ["", "journeys", "figures"]


class Page:
    """A page that is served, and requests of any headers for it."""

    def __init__(self, url: str) -> None:
        found = urlsplit(url)
        assert found.port is not None
        self.port, self.token = found.port, found.path.strip("/")

    def ask(
        self, path: str | None = None, method: str = "GET", **headers: str | None
    ) -> tuple[int, str, dict[str, str]]:
        """
        The status, the body and the headers of an answer.

        :param headers: ``_`` for a hyphen; None for one that is left out.
        """
        sent: dict[str, str | None] = {"Host": f"127.0.0.1:{self.port}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        target = f"/{self.token}/" if path is None else path
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            if value is not None:
                connection.putheader(name, value.replace("PORT", str(self.port)))
        connection.endheaders()
        with connection.getresponse() as answer:
            body = answer.read().decode("utf-8", "replace")
            found = {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        return answer.status, body, found


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with serving.PageServer(LiveReport(TITLE)) as server:
        server.finish()  # so that the journeys come to an end
        yield Page(server.url)


@pytest.mark.parametrize("host", ["127.0.0.1:PORT", "localhost:PORT", "localhost:8080"])
def test_this_host_is_served(page: Page, host: str) -> None:
    """Another port is that of `ssh -L`."""
    status, body, _ = page.ask(Host=host)
    assert (status, TITLE in body) == (200, True)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "host",
    [
        "rebound.localhost:PORT",
        "evil.example:PORT",
        "127.0.0.1.evil.example:PORT",
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:PORT:1",
        "127.0.0.1:x",
        "0.0.0.0:PORT",
        "LOCALHOST.evil.example:PORT",
        "evil@127.0.0.1:PORT",
        "",
    ],
)
def test_a_name_that_leads_here_is_not(page: Page, path: str, host: str) -> None:
    status, body, _ = page.ask(f"/{page.token}/{path}", Host=host)
    assert (status, body) == (403, "this is no name of this host\n")


def test_a_request_without_a_name_is_not(page: Page) -> None:
    status, body, _ = page.ask(Host=None)
    assert status in (400, 403)
    assert TITLE not in body


@pytest.mark.parametrize("host", ["127.0.0.1:PORT", "localhost:PORT"])
def test_the_page_itself_may_ask(page: Page, host: str) -> None:
    status, _, _ = page.ask(Host=host, Origin=f"http://{host}", Sec_Fetch_Site="same-origin")
    assert status == 200


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://evil.example:PORT",
        "http://localhost:PORT",
        "https://127.0.0.1:PORT",
        "http://127.0.0.1",
        "http://127.0.0.1:PORT.evil.example",
        "http://127.0.0.1:PORT/",
        "null",
        "",
    ],
)
def test_pages_of_other_origins_may_not(page: Page, path: str, origin: str) -> None:
    """Another port, scheme or name is another origin."""
    status, body, headers = page.ask(f"/{page.token}/{path}", Origin=origin)
    assert (status, body) == (403, "another site asks\n")
    assert not any(name.startswith("access-control") for name in headers)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "Same-Origin"])
def test_what_another_page_embeds_is_not_served(page: Page, path: str, site: str) -> None:
    """An image or a script has no Origin."""
    status, body, _ = page.ask(f"/{page.token}/{path}", Sec_Fetch_Site=site)
    assert (status, body) == (403, "another site asks\n")


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_there_without_the_token(page: Page, path: str) -> None:
    token = page.token
    assert len(token) >= 24
    for other in (
        token[:-1],
        f"{token}x",
        token[1:],
        token.swapcase(),
        "x" * len(token),
        f"{token}%00",
        "%C3%A9",
        "x",
    ):
        status, body, _ = page.ask(f"/{other}/{path}")
        assert (status, TITLE in body) == (404, False), other
    assert page.ask(f"/{path}")[0] == 404
    assert page.ask(f"/?{token}")[0] == 404


@pytest.mark.parametrize("path", PAGES)
def test_it_is_only_read(page: Page, path: str) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert page.ask(f"/{page.token}/{path}", method)[0] == 405


@pytest.mark.parametrize("path", PAGES)
def test_a_browser_is_told_to_keep_it_to_itself(page: Page, path: str) -> None:
    status, _, headers = page.ask(f"/{page.token}/{path}")
    assert status == 200
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"  # the token is in the address
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "server" not in headers


def test_two_servers_have_two_tokens() -> None:
    with (
        serving.PageServer(LiveReport("")) as first,
        serving.PageServer(LiveReport("")) as second,
    ):
        assert Page(first.url).token != Page(second.url).token
