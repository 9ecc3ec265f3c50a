"""The project of one version's examples, made once for a module, and a pilot session on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bundled_project import Bundle, dag_ids

from workbook_lib.pilot import Session


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "dag_id" in metafunc.fixturenames:
        metafunc.parametrize("dag_id", dag_ids(metafunc.module.VERSION))


@pytest.fixture(scope="module")
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Bundle(tmp_path_factory.mktemp("bundle"), request.module.VERSION)


@pytest.fixture(scope="module")
def session(bundle: Bundle) -> Iterator[Session]:
    with Session(bundle.root) as session:
        yield session
