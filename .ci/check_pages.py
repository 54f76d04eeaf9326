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
        # The browser may end before the log's last bracket, so it is no JSON to parse.
        urls = re.findall(r'"url":\s*"(https?://[^"]*)"', log.read_text())
        return done.stdout, said, {urlsplit(url).netloc for url in urls}


def faults(browser, page, own_hosts):
    """What is wrong with a page, as a list of sentences."""
    dom, found, hosts = visit(browser, page)
    found += [f"a request to {host}" for host in sorted(hosts - own_hosts)]
    pictures, drawn = dom.count('class="picture"'), dom.count('class="main-svg"')
    if not pictures or drawn < pictures:
        found.append(f"{pictures} pictures, {drawn} drawn")
    return found


def main():
    """Check the pages named on the command line."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        sys.exit("chromium is not installed")
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.html"
        empty.write_text("<!doctype html><title>empty</title>")
        own_hosts = visit(browser, empty)[2]  # what the browser asks for of itself
    bad = {page: faults(browser, Path(page), own_hosts) for page in sys.argv[1:]}
    for page, found in bad.items():
        print(f"{page}: {'; '.join(found) or 'no console message, no request'}")
    sys.exit(1 if any(bad.values()) else 0)


if __name__ == "__main__":
    main()
