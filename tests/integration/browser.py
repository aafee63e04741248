"""A real browser: Chromium without a display, out of the cache, driven through the DevTools by selenium.

The browser is what `data/browser.yaml` locks, with every library but glibc, and never the one that a machine happens to
have: a page is to be the same everywhere. ``--browser PATH`` and ``--driver PATH`` of pytest take others, if one wants.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from kafka_forge.emulators import shelf
from kafka_forge.ground.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kafka_forge.ground.paths import Cache

LOCK = Path(__file__).parent / "data" / "browser.yaml"
SECONDS = 180.0
"""For anything to happen in a page, on a machine that is busy."""

_OPTIONS = (
    # Its sandbox needs a user's namespaces, or a program that belongs to root; as root it starts without one only. What
    # it opens here are pages of ours, at the loopback address.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers have little of it
    "--no-proxy-server",
    # pages that nobody looks at go on as others do: several are tried at once
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--window-size=1000,760",
)


class Programs:
    """The browser and the program that drives it.

    Attributes:
        browser, driver: the two.
        variables: of their environment, beside a folder of their own as HOME.
    """

    def __init__(self, browser: Path, driver: Path, variables: Mapping[str, str]) -> None:
        self.browser = browser
        self.driver = driver
        self.variables = variables


def locked(cache: Cache) -> Programs:
    """Obtain those that are locked; they are unpacked into the cache once."""
    folder = shelf.ensure("chromium", cache, Silent(), lock=LOCK)
    variables = {"LD_LIBRARY_PATH": str(folder / "lib"), "FONTCONFIG_FILE": str(folder / "etc" / "fonts.conf")}
    return Programs(folder / "bin" / "chromium-headless-shell", folder / "bin" / "chromedriver", variables)


class Tab:
    """One page in a browser of its own.

    Attributes:
        driver: selenium's.
    """

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def run(self, script: str, *arguments: object) -> Any:
        """Run JavaScript in the page; return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def until(self, script: str, *arguments: object) -> Any:
        """Wait until an expression is true in the page; return its value."""
        return until(
            lambda: self.run(f"return {script}", *arguments),
            lambda: f"{script} is not so: {self.run('return document.body.innerText')[-2000:]}",
        )

    def complaints(self) -> list[str]:
        """What the browser itself has found wrong since this was asked last: errors of scripts, refused addresses."""
        return [each["message"] for each in self.driver.get_log("browser")]


@contextlib.contextmanager
def opened(programs: Programs, address: str) -> Iterator[Tab]:
    """Open an address in a browser that knows nothing yet; it ends with the block."""
    room = Path(tempfile.mkdtemp(prefix="browser-"))
    options: Any = webdriver.ChromeOptions()
    options.binary_location = str(programs.browser)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for option in _OPTIONS:
        options.add_argument(option)
    variables = {**programs.variables, "HOME": str(room), "TMPDIR": str(room), "PATH": "/usr/bin:/bin"}
    service = Service(str(programs.driver), env=variables, log_output=str(room / "driver.log"))
    try:
        driver: Any = webdriver.Chrome(options=options, service=service)
        try:
            driver.set_script_timeout(SECONDS)
            driver.get(address)
            yield Tab(driver)
        finally:
            driver.quit()
    finally:
        shutil.rmtree(room, ignore_errors=True)


def until(found: Callable[[], Any], otherwise: Callable[[], str]) -> Any:
    """Wait until something is found that is true; return it."""
    deadline = time.monotonic() + SECONDS
    while not (value := found()):
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.1)
    return value
