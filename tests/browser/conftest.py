"""One JupyterLab for all browser tests of a process: it takes as long to start as ten of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from browser_lab import Lab, lab, page


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A running JupyterLab on a copy of the notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    with lab(folder) as address:
        yield Lab(address, folder / "notebooks")


@pytest.fixture(scope="module")
def tab() -> Iterator[Any]:
    """A page that the tests of a module share."""
    with page() as found:
        yield found
