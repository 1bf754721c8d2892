# SPDX-License-Identifier: BSD-2-Clause
"""The report in a browser, as its reader sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait


class Page:
    """The report in the browser, as its reader sees it."""

    def __init__(self, browser: webdriver.Chrome, where: Path | str) -> None:
        self.browser = browser
        browser.set_window_size(1200, 800)
        browser.get(where if isinstance(where, str) else where.as_uri())
        self.ready = browser.find_element(By.TAG_NAME, "body").get_attribute("data-ready")

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        # In one step: the page may replace the elements between two of ours.
        found: list[str] = self.browser.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)", selector
        )
        return found

    def one(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until *holds*: what follows an event need not be there when the event is sent."""
        WebDriverWait(self.browser, 30, ignored_exceptions=[StaleElementReferenceException]).until(
            lambda _: holds()
        )

    def row(self, number: int) -> None:
        """Click the row of packet *number*, which a redrawing list may replace underhand."""

        def click() -> bool:
            self.all(".row")[number - 1].click()
            return True

        self.until(click)

    def press(self, *keys: str) -> None:
        self.browser.switch_to.active_element.send_keys(*keys)

    def search(self, text: str) -> str:
        """Search for *text*; what is said of the number found."""
        box = self.one("#search")
        box.clear()
        box.send_keys(text)
        return self.one("#count").text

    @property
    def chosen(self) -> str:
        return self.one("#journey h2").text.split()[0]


def complaints(browser: webdriver.Chrome) -> list[str]:
    """What the page and its policy had to complain about, on the console."""
    return [entry["message"] for entry in browser.get_log("browser")]  # type: ignore[no-untyped-call]
