"""Dagster's web pages behind a check of every request: only pages of the named host may ask for anything.
Not here: who may sign in (the proxy in front, docs/nginx), or what Dagster's pages do.

Dagster's own webserver carries out any request that reaches it, GraphQL mutations by GET too. A page on the internet that
somebody's browser opens could so start runs here.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import click
import uvicorn
from dagster import DagsterInstance
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster_webserver.version import __version__
from dagster_webserver.webserver import DagsterWebserver
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from warehouse.errors import UsageError

WEB_HOST_VARIABLE = "ARSVERK_WEB_HOST"
LOOPBACK = ("127.0.0.1", "localhost")
CODE_LOCATION = ModuleTarget("orchestration.definitions", attribute=None, working_directory=None, location_name="arsverk")
SECONDS_TO_STOP = 30


def named_hosts() -> list[str]:
    """The host names that browsers may call this server by: those of ARSVERK_WEB_HOST, by commas, else the loopback's.

    Raises:
        UsageError: one has a wildcard, a port or an address around it.
    """
    hosts = [host.strip() for host in os.environ.get(WEB_HOST_VARIABLE, "").split(",") if host.strip()]
    for host in hosts:
        if "*" in host or ":" in host or "/" in host:
            raise UsageError(f"{WEB_HOST_VARIABLE}: {host!r} is no host name; write arsverk.kommune.example for instance")
    return hosts or list(LOOPBACK)


class SameOrigin:
    """Answers what comes from this server's own pages, and a person who opens a page; refuses the rest with 403.

    What changes anything (POST) and WebSockets must say where they come from, as every browser does: `Origin`. Reading (GET)
    may leave it out, since browsers do on plain HTTP. No page of another origin can read an answer or put the pages in a frame.
    GraphQL by GET is not answered at all.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        fault = self.fault_of(scope)
        if fault:
            await PlainTextResponse(f"{fault}\n", status_code=403)(scope, receive, send)
            return

        async def send_unframed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Frame-Options"] = "DENY"
            await send(message)

        await self.app(scope, receive, send_unframed)

    def fault_of(self, scope: Scope) -> str | None:
        """Why the request is refused; None when it may pass."""
        headers = Headers(scope=scope)
        origins, site = headers.getlist("origin"), headers.get("sec-fetch-site")
        reads = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        if any(urlsplit(origin).netloc.lower() != headers.get("host", "").lower() for origin in origins):
            return "The request comes from another site's page (Origin)."
        if not reads and len(origins) != 1:
            return "The request does not say which page it comes from (Origin)."
        opens_a_page = reads and headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        if site not in (None, "none", "same-origin") and not opens_a_page:
            return "The request comes from another site's page (Sec-Fetch-Site)."
        asks_for_a_page = "text/html" in headers.get("accept", "")
        if reads and scope["path"].rstrip("/").endswith("/graphql") and not asks_for_a_page:
            return "GraphQL is answered by POST alone."
        return None


class CheckedWebserver(DagsterWebserver):
    """Dagster's webserver with host and origin checked before anything else."""

    def build_middleware(self) -> list[Middleware]:
        return [
            Middleware(TrustedHostMiddleware, allowed_hosts=named_hosts(), www_redirect=False),
            Middleware(SameOrigin),
            *super().build_middleware(),
        ]


@contextlib.contextmanager
def daemon() -> Iterator[None]:
    """Dagster's daemon beside the webserver, for `make dev`."""
    started = subprocess.Popen([sys.executable, "-m", "dagster._daemon", "run", "-m", CODE_LOCATION.module_name])
    try:
        yield
    finally:
        started.send_signal(signal.SIGINT)
        try:
            started.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            started.kill()


@click.command()
@click.option("--port", default=3000, show_default=True, help="Port on 127.0.0.1.")
@click.option(
    "--socket",
    type=click.Path(path_type=Path),
    default=None,
    help="Listen on this Unix socket instead of a port: only who may enter its folder, the proxy, reaches it.",
)
@click.option("--with-daemon", is_flag=True, help="Run Dagster's daemon too.")
def main(port: int, socket: Path | None, with_daemon: bool) -> None:
    """Dagster's web pages of the night, for browsers that call this machine by the names in ARSVERK_WEB_HOST."""
    try:
        hosts = named_hosts()
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    with contextlib.ExitStack() as stack:
        if with_daemon:
            stack.enter_context(daemon())
        instance = stack.enter_context(DagsterInstance.get())
        context = stack.enter_context(WorkspaceProcessContext(instance, CODE_LOCATION, version=__version__))
        app = CheckedWebserver(context, live_data_poll_rate=2000).create_asgi_app()
        where = socket or f"http://127.0.0.1:{port}"
        print(f"Dagster's web pages on {where}, for {', '.join(hosts)}", flush=True)
        if socket:
            uvicorn.run(app, uds=str(socket), log_level="warning")
        else:
            uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
