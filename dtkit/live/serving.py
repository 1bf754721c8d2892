# SPDX-License-Identifier: BSD-2-Clause
"""
A report page served while it grows: to this host's browsers alone, and to whoever knows the token.

It listens on the loopback address. Other users of the host, and pages of other sites in the same
browser, reach that too: so the path starts with a token that only our terminal was told, and
:func:`refusal` looks at what a browser says of where a request comes from. A name of somebody
else's that is made to lead here (DNS rebinding) is no name of this host.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Mapping
from types import TracebackType

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from dtkit.trace.views.document import policy
from dtkit.trace.views.live import LiveReport

__all__ = ["PageServer", "refusal"]

_ADDRESS = "127.0.0.1"

#: What a browser of this host, or one at the other end of `ssh -L`, calls us.
_NAMES = (_ADDRESS, "localhost")

#: s between two looks for journeys that have ended meanwhile.
_PAUSE = 0.1

#: Looks without a journey, after which a line says that we are still there.
_QUIET = 150

#: Journeys that are sent at once.
_BATCH = 200

#: s that pages have to be told of the end.
_PATIENCE = 3

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"{policy(live=True)}; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def refusal(headers: Mapping[str, str]) -> str | None:
    """
    Why a request is not answered, by its headers; None where it is.

    :param headers: by lower-case name.
    """
    host = headers.get("host", "")
    name, _, port = host.partition(":")
    if name not in _NAMES or not (port.isascii() and port.isdecimal()):
        return "this is no name of this host"
    if headers.get("origin", f"http://{host}") != f"http://{host}":
        return "another site asks"
    # Unlike Origin it is there when a page of another site has an image or a script of ours.
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return "another site asks"
    return None


class PageServer:
    """
    Serves a report, in a thread of its own, while the block runs.

    :param report: that grows.
    :param port: to listen at; 0 for any that is free.
    :raises OSError: nobody can listen there.
    """

    def __init__(self, report: LiveReport, port: int = 0) -> None:
        self._report = report
        self._over = False
        self._token = secrets.token_urlsafe(18)
        self._socket = socket.socket()
        # So that it can be the same port again, right after the last one ended.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((_ADDRESS, port))
        except BaseException:
            self._socket.close()
            raise
        app = Starlette(
            routes=[
                Route("/{token}/", self._page),
                Route("/{token}/journeys", self._journeys),
                Route("/{token}/figures", self._figures),
            ]
        )
        # It would lead to the host that the request names, before that is looked at.
        app.router.redirect_slashes = False
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                ws="none",
                loop="asyncio",
                http="h11",
                timeout_graceful_shutdown=_PATIENCE,
            )
        )
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))

    @property
    def url(self) -> str:
        """Of the page, with its token."""
        return f"http://{_ADDRESS}:{self._socket.getsockname()[1]}/{self._token}/"

    def __enter__(self) -> PageServer:
        # Now, and not when the loop comes to it: whoever reads the address may use it at once.
        self._socket.listen()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.finish()
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def finish(self) -> None:
        """No more journeys come: pages are told so. It still serves what there is."""
        self._over = True

    def _refused(self, request: Request) -> Response | None:
        why = refusal(request.headers)
        if why is not None:
            return PlainTextResponse(f"{why}\n", 403, _HEADERS)
        token = str(request.path_params["token"])
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            return PlainTextResponse("there is nothing here\n", 404, _HEADERS)
        return None

    async def _page(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        page = await asyncio.to_thread(self._report.page)
        return Response(page, 200, _HEADERS, "text/html; charset=utf-8")

    async def _figures(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        made = await asyncio.to_thread(self._report.figures)
        return Response(made, 200, _HEADERS, "application/json")

    async def _journeys(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        # After a lost connection the browser asks for what comes after the last it had.
        last = request.headers.get("last-event-id", "")
        since = int(last) if last.isascii() and last.isdecimal() and len(last) < 10 else 0
        return StreamingResponse(self._events(since), 200, _HEADERS, "text/event-stream")

    async def _events(self, since: int) -> AsyncIterator[str]:
        """Server-sent events: journeys as they end, and the end of it all."""
        left_out, quiet = 0, 0
        while True:
            over = self._over  # before the look: what ends in between is seen by it
            pieces = self._report.pieces(since, _BATCH)
            if pieces or left_out != self._report.left_out:
                since += len(pieces)
                left_out, quiet = self._report.left_out, 0
                sent = f'{{"left_out":{left_out},"pieces":[{",".join(pieces)}]}}'
                yield f"id: {since}\ndata: {sent}\n\n"
                if len(pieces) == _BATCH:
                    continue
            elif over:
                made = await asyncio.to_thread(self._report.figures)
                yield f"event: end\ndata: {made}\n\n"
                return
            elif quiet == _QUIET:
                quiet = 0
                yield ": still here\n\n"
            quiet += 1
            await asyncio.sleep(_PAUSE)
