"""`make web-check`: the shipped configuration in a real nginx before the webserver, and a real browser where there is one.
Not here: what the webserver refuses without nginx (unit/test_webserver.py, pipeline/test_web_door.py).

Needs nginx, openssl and chromium (Debian: apt-get install nginx-light openssl chromium). Everything stays on the loopback and
below a temporary folder, and ends with the check.
"""

from __future__ import annotations

import base64
import contextlib
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import connect

from orchestration.instance import prepare_instance
from warehouse.paths import Home

CONFIGURATION = Path(__file__).parents[1] / "docs" / "nginx" / "arsverk.conf"
NAME = "arsverk.kommune.example"
SECONDS_TO_START = 60
USER, PASSWORD = "kari", "a-password-of-the-check"
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "graphql-ws",
}
QUERY = {"query": "{ version }"}
# What a page on the internet tries in the browser of somebody who has signed in, at nginx and at a webserver of `make dev`.
ATTACK = """<body><h1>attack</h1><pre id=log></pre><script>
const mutation = "mutation { setAutoMaterializePaused(paused: PAUSED) }";
const say = text => document.getElementById("log").textContent += text + "\\n";
const mode = {mode: "no-cors", credentials: "include"};
for (const address of ADDRESSES) (async () => {
  const asked = address + "/graphql?query=" + encodeURIComponent(mutation);
  await fetch(asked, mode).catch(e => say("GET " + e));
  await fetch(asked, {...mode, method: "POST"}).catch(e => say("POST " + e));
  const ws = new WebSocket(address.replace("http", "ws") + "/graphql", "graphql-ws");
  ws.onopen = () => say("OPEN " + address); ws.onerror = () => say("refused " + address);
  const frame = document.createElement("iframe"); frame.src = address + "/"; document.body.append(frame);
})();
</script>"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def running(command: list[str], log: Path, **environment: str) -> Iterator[None]:
    """A process that is stopped at the end; its output stands in `log`."""
    with log.open("w") as out:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def nginx_configuration(folder: Path, port: int) -> Path:
    """The shipped server block with paths and port of this check, and the frame that Debian's nginx.conf puts around it."""
    server = CONFIGURATION.read_text(encoding="utf-8")
    for shipped, here in {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "/etc/ssl/certs/arsverk.pem": f"{folder}/cert.pem",
        "/etc/ssl/private/arsverk.key": f"{folder}/key.pem",
        "/etc/nginx/arsverk.htpasswd": f"{folder}/htpasswd",
        "/run/arsverk-web/web.sock": f"{folder}/web.sock",
    }.items():
        assert shipped in server, shipped
        server = server.replace(shipped, here)
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(
        f"{user} daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log; events {{}}\n"
        f"http {{ access_log {folder}/access.log; {temporary}\n{server}\n}}\n"
    )
    return path


def credentials(folder: Path) -> None:
    """A certificate of the check's own, and one user."""
    subprocess.run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN={NAME} -keyout key.pem -out cert.pem".split(),
        cwd=folder,
        check=True,
        capture_output=True,
    )
    hashed = subprocess.run(["openssl", "passwd", "-apr1", PASSWORD], check=True, capture_output=True, text=True).stdout
    (folder / "htpasswd").write_text(f"{USER}:{hashed}")


def check(what: str, holds: bool) -> None:
    print(f"{'ok  ' if holds else 'FAIL'} {what}", flush=True)
    if not holds:
        raise SystemExit(1)


def wait_for(address: str, **request: Any) -> None:
    """Until a webserver answers."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{address.rstrip('/')}/server_info", verify=False, **request).status_code == 200:
                return
        time.sleep(0.3)
    raise SystemExit(f"{address} does not answer")


def check_requests(port: int) -> None:
    """Sign-in, host, origin and WebSocket, as nginx passes them on."""
    own = {"Host": f"{NAME}:{port}", "Origin": f"https://{NAME}:{port}"}
    with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=False, timeout=30, headers=own) as client:
        wait_for(str(client.base_url), auth=(USER, PASSWORD), headers=own)
        check("without sign-in: 401", client.get("/").status_code == 401)
        check("a mutation without sign-in: 401", client.post("/graphql", json=QUERY).status_code == 401)
        client.auth = httpx.BasicAuth(USER, PASSWORD)
        check("signed in, the page opens", 'id="__next"' in client.get("/", headers={"Accept": "text/html"}).text)
        check("signed in, a query is answered", "data" in client.post("/graphql", json=QUERY).json())
        elsewhere = {"Origin": "https://attacker.example"}
        check("another site's page: 403", client.post("/graphql", json=QUERY, headers=elsewhere).status_code == 403)
        check("GraphQL by GET: 403", client.get("/graphql", params=QUERY).status_code == 403)
        rebound = {"Host": "attacker.example", "Origin": "https://attacker.example"}
        check("another host name: 400", client.post("/graphql", json=QUERY, headers=rebound).status_code == 400)
        check("another site's WebSocket: 403", client.get("/graphql", headers=WEBSOCKET | elsewhere).status_code == 403)
        with client.stream("GET", "/graphql", headers=WEBSOCKET) as answer:
            check("its own WebSocket: 101", answer.status_code == 101)


class Browser:
    """Headless Chromium by its DevTools protocol, with one tab; for it both host names are this machine."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        names = f"MAP {NAME} 127.0.0.1, MAP attacker.example 127.0.0.1"
        self.command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--ignore-certificate-errors"]
        self.command += [f"--user-data-dir={folder}/chromium", f"--remote-debugging-port={self.port}", "--window-size=1400,900"]
        self.command += [f"--host-resolver-rules={names}", "about:blank"]

    @contextlib.contextmanager
    def connected(self) -> Iterator[None]:
        """Wait for the tab, and hold the line to it."""
        address, deadline = None, time.monotonic() + SECONDS_TO_START
        while not address and time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                tabs = httpx.get(f"http://127.0.0.1:{self.port}/json").json()
                address = next((tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"), None)
            time.sleep(0.3)
        if not address:
            raise SystemExit("Chromium does not start")
        with connect(address, max_size=None) as self.tab:
            yield

    def send(self, method: str, **parameters: object) -> dict[str, Any]:
        """One command of the protocol and its result."""
        self.tab.send(json.dumps({"id": 1, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.tab.recv(timeout=60))
            if answer.get("id") == 1:
                return answer["result"]

    def text_of(self, address: str, wanted: str, seconds: int = 120) -> str:
        """The text of a page, as soon as it holds `wanted` or when the seconds are over."""
        self.send("Page.navigate", url=address)
        deadline = time.monotonic() + seconds
        while True:
            time.sleep(1)
            text = self.send("Runtime.evaluate", expression="document.body.innerText")["result"].get("value", "")
            if wanted in text or time.monotonic() > deadline:
                return text

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))


def check_browser(folder: Path, port: int, dev: str, pictures: Path) -> None:
    """Dagster's page through nginx, and a page of another site that attacks it in the browser that has signed in."""
    proxied = f"https://{NAME}:{port}"
    browser = Browser(folder)
    before = is_paused(dev)
    attack = ATTACK.replace("ADDRESSES", json.dumps([proxied, dev])).replace("PAUSED", json.dumps(not before))
    (folder / "site").mkdir()
    (folder / "site" / "index.html").write_text(attack)
    handler = partial(QuietHandler, directory=str(folder / "site"))
    with (
        running(browser.command, folder / "chromium.log"),
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as site,
        browser.connected(),
    ):
        threading.Thread(target=site.serve_forever, daemon=True).start()
        browser.text_of(f"https://{USER}:{PASSWORD}@{NAME}:{port}/server_info", "dagster_version")  # signs in
        text = browser.text_of(f"{proxied}/jobs", "nightly")
        browser.picture(pictures / "page.png")
        check("Chromium shows the job nightly", "nightly" in text)
        text = browser.text_of(f"http://attacker.example:{site.server_address[1]}/", f"refused {dev}", 20)
        time.sleep(3)
        browser.picture(pictures / "attack.png")
        site.shutdown()
        asked = [line for line in (folder / "access.log").read_text().splitlines() if '"http://attacker.example' in line]
    print(text)
    answers = {line.split('" ')[1][:3] for line in asked}
    check(
        f"the attacker's {len(asked)} requests to nginx got nothing: {', '.join(answers)}",
        answers <= {"401", "403"} and bool(asked),
    )
    check(
        "the attacker's WebSockets stay closed",
        "OPEN" not in text and f"refused {proxied}" in text and f"refused {dev}" in text,
    )
    check("the attacker's mutation changed nothing", is_paused(dev) == before)


def is_paused(dev: str) -> bool:
    """What the attacker's mutation would change."""
    query = {"query": "{ instance { autoMaterializePaused } }"}
    with httpx.Client(base_url=dev, headers={"Origin": dev}, timeout=30) as client:
        return bool(client.post("/graphql", json=query).json()["data"]["instance"]["autoMaterializePaused"])


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves the attacker's page without a line a request."""

    def log_message(self, format: str, *args: object) -> None:
        pass


def main() -> None:
    """Run the check; pictures of the pages go to the folder that is named on the command line, if one is."""
    missing = [program for program in ("nginx", "openssl") if not shutil.which(program)]
    if missing:
        raise SystemExit(f"needs {' and '.join(missing)}: apt-get install nginx-light openssl chromium")
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        home = Home(folder / "home")
        home.prepare()
        prepare_instance(home)
        credentials(folder)
        configuration = nginx_configuration(folder, port)
        dev_port = free_port()
        webserver = [sys.executable, "-m", "orchestration.webserver", "--socket", f"{folder}/web.sock"]
        dev = [sys.executable, "-m", "orchestration.webserver", "--port", str(dev_port)]
        with (
            running(webserver, folder / "webserver.log", ARSVERK_HOME=str(home.root), ARSVERK_WEB_HOST=NAME),
            running(dev, folder / "dev.log", ARSVERK_HOME=str(home.root)),
            running(["nginx", "-c", str(configuration)], folder / "nginx.log"),
        ):
            check_requests(port)
            if shutil.which("chromium"):
                wait_for(f"http://127.0.0.1:{dev_port}")
                check_browser(folder, port, f"http://127.0.0.1:{dev_port}", Path(sys.argv[1]) if len(sys.argv) > 1 else folder)
            else:
                print("no chromium: the pages were not looked at in a browser")


if __name__ == "__main__":
    main()
