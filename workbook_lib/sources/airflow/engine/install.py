"""`python -m workbook_lib.sources.airflow.engine.install [VERSION] [--extras]`: make Airflow's own environment."""

from __future__ import annotations

import sys

from workbook_lib.errors import WorkbookError
from workbook_lib.sources.airflow.engine._environment import DEFAULT, install


def main(arguments: list[str]) -> int:
    """Install, telling the steps on standard error; 2 when it failed."""
    versions = [argument for argument in arguments if not argument.startswith("-")]
    try:
        made = install(versions[0] if versions else DEFAULT, lambda line: print(line, file=sys.stderr), extras="--extras" in arguments)
    except WorkbookError as error:
        print(error, file=sys.stderr)
        return 2
    print(made.python)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
