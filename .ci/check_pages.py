"""Open HTML pages in headless Chromium; fail on a console message or a request that leaves them.

python .ci/check_pages.py PAGE.html ...
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr",
    "--virtual-time-budget=10000",
]

REQUEST = re.compile(r'"initiator":\s*"([^"]*)".*?"url":\s*"(https?://[^"]*)"')


def visit(browser, page):
    """Open a page: what it came to (HTML), what it said, and the hosts that were asked for."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "net.json"
        own = [f"--user-data-dir={folder}/profile", f"--log-net-log={log}", "--dump-dom"]
        done = subprocess.run(
            [browser, *FLAGS, *own, page.absolute().as_uri()],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        # The browser may end before the log's last bracket, so it is no JSON to parse. What it
        # asks for of itself has no origin; what a page asks for has one, "null" for a file.
        asked = REQUEST.findall(log.read_text())
        urls = [url for initiator, url in asked if initiator != "not an origin"]
        return done.stdout, said, {urlsplit(url).netloc for url in urls}


def faults(browser, page):
    """What is wrong with a page, as a list of sentences."""
    dom, found, hosts = visit(browser, page)
    found += [f"a request to {host}" for host in sorted(hosts)]
    pictures, drawn = dom.count('class="picture"'), dom.count('class="main-svg"')
    if not pictures or drawn < pictures:
        found.append(f"{pictures} pictures, {drawn} drawn")
    return found


def main():
    """Check the pages named on the command line."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        sys.exit("chromium is not installed")
    bad = {page: faults(browser, Path(page)) for page in sys.argv[1:]}
    for page, found in bad.items():
        print(f"{page}: {'; '.join(found) or 'no console message, no request'}")
    sys.exit(1 if any(bad.values()) else 0)


if __name__ == "__main__":
    main()
