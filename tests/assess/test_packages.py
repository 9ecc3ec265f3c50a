"""Package -> whether it installs beside Prefect, told without a network."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet

from workbook_lib.assess import _packages, installs
from workbook_lib.assess._packages import LOCK, pins

LOCKED = {"requests": "2.32.0", "sqlalchemy": "2.0.40", "pyyaml": "6.0.2", "numpy": "2.4.6"}
NEEDS = {"sqlalchemy": SpecifierSet(">=2.0,<3.0.0"), "pydantic": SpecifierSet(">=2.10.1,<3"), "pyyaml": SpecifierSet(">=5.4.1,<7")}


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        ("requests", ("yes", "2.32.0 was tested with Prefect")),
        ("requests>=2", ("yes", "2.32.0 was tested with Prefect")),
        ("requests<2", ("unknown", "2.32.0 was tested with Prefect, which is not <2; try it")),
        ("yaml", ("yes", "6.0.2 was tested with Prefect")),
        ("json", ("yes", "a part of Python")),
        ("SQLAlchemy<2", ("no", "Prefect needs sqlalchemy<3.0.0,>=2.0")),
        ("sqlalchemy==1.4.54", ("no", "Prefect needs sqlalchemy<3.0.0,>=2.0")),
        ("sqlalchemy~=2.0.20", ("yes", "2.0.40 was tested with Prefect")),
        ("sqlalchemy==2.0.1", ("unknown", "2.0.40 was tested with Prefect, which is not ==2.0.1; try it")),
        ("pydantic<2", ("no", "Prefect needs pydantic<3,>=2.10.1")),
        ("pydantic>1,<2.11", ("unknown", "not among the packages tested with Prefect; try it")),
        ("pandas", ("unknown", "not among the packages tested with Prefect; try it")),
        ("apache-airflow-providers-google>=10", ("no", "a part of the legacy engine; its operators become tasks")),
        ("airflow", ("no", "the legacy engine itself; nothing in the project may import it")),
        ("luigi", ("no", "another orchestrator; its parts become tasks")),
        ("not a requirement!", ("unknown", "this is not a requirement that can be read")),
    ],
)
def test_installs(package: str, expected: tuple[str, str]) -> None:
    assert installs(package, LOCKED, NEEDS) == expected


def test_pins_of_a_lock_file() -> None:
    text = "# a comment\nA.b_c==1.0\nold==1 ; python_version < '3'\nrange>=2\n--option\nplain==3  # why\n"
    assert pins(text) == {"a-b-c": "1.0", "plain": "3"}


def test_the_shipped_lock_is_read() -> None:
    assert LOCK.is_file()
    assert "prefect" in _packages.tested()
