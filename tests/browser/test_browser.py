"""The pilot notebook in a real JupyterLab, driven as a person would."""

from __future__ import annotations

import os
from typing import Any

import pytest
from browser_lab import CHROMIUM, Lab, errors, open_notebook, run_all

from workbook_lib.migration import Migration

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None and not os.environ.get("CI"), reason="no Chromium is installed"),
]


def test_the_pilot_runs_and_its_states_show(jupyter: Lab, tab: Any) -> None:
    source = jupyter.folder / "examples" / "airflow" / "daily_sales"
    Migration.create(jupyter.folder / "my_migration", source).convert()
    open_notebook(tab, jupyter.address, "04_pilot.ipynb")
    run_all(tab, seconds=200)
    assert errors(tab) == []
    tab.get_by_text("I agree that this is executed").click()
    tab.locator("button.jupyter-button", has_text="Run").click()
    tab.wait_for_selector(".wb-alert-good", timeout=120_000)
    graphs = tab.locator(".jp-OutputArea .wb-graph")
    assert graphs.count() == 2  # the panel's, and that of the plain call
    for place in range(2):
        states = graphs.nth(place).locator(".wb-task").evaluate_all("items => items.map(item => [item.dataset.task, item.classList[1]])")
        assert dict(states) == {
            task: "wb-is-skipped" if task == "hold" else "wb-is-success"
            for task in ["extract_north", "extract_south", "total", "choose", "publish", "hold", "load", "notify", "cleanup"]
        }
