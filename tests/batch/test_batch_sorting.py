"""The index in a real browser: its headings sort, and nothing is asked of anybody."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workbook_lib.batch import Report, Row, to_html

CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)


@pytest.mark.browser
def test_a_heading_sorts_by_its_column_there_and_back(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    tasks = {"ten": 10, "two": 2, "nine": 9}
    rows = tuple(Row(id=name, state="done", verdict="equal", tasks=number, converted=number) for name, number in tasks.items())
    page_file = tmp_path / "index.html"
    page_file.write_text(to_html(Report(source="/dags", root="/root", index="", rows=rows)))
    said: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND"])
        page = browser.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: said.append(request.url))
        page.goto(page_file.as_uri())
        shown = lambda: page.locator("#workflows tbody th").evaluate_all("cells => cells.map(cell => cell.dataset.sort)")  # noqa: E731
        button = page.get_by_role("button", name="Tasks")
        assert shown() == ["nine", "ten", "two"]
        button.focus()
        page.keyboard.press("Enter")
        assert shown() == ["two", "nine", "ten"]
        assert page.get_by_role("columnheader", name="Tasks").get_attribute("aria-sort") == "ascending"
        button.click()
        assert shown() == ["ten", "nine", "two"]
        page.get_by_role("button", name="Workflow").click()
        assert shown() == ["nine", "ten", "two"]
        assert page.locator("[aria-sort]").count() == 1
        browser.close()
    assert said == [page_file.as_uri()]
