"""Where the notebooks lie: in the checkout, in the installed package, or where the user says."""

from __future__ import annotations

from pathlib import Path

from workbook_lib.errors import UsageError

LIBRARY = Path(__file__).resolve().parents[1]
CHECKOUT = LIBRARY.parent / "notebooks"
NOTEBOOKS = CHECKOUT if (CHECKOUT / "01_assess.ipynb").is_file() else LIBRARY / "batch" / "notebooks"  # the latter in a wheel
PATTERN = "0[1-5]_*.ipynb"
ADVICE = "Name the folder of the notebooks 01-05 with --notebooks DIR."


def find(folder: str | Path | None = None, pattern: str = PATTERN, advice: str = ADVICE) -> tuple[Path, ...]:
    """The notebooks of a folder in their order; without one those of this library."""
    place = NOTEBOOKS if folder is None else Path(folder).absolute()
    found = tuple(sorted(place.glob(pattern)))
    if not found:
        raise UsageError(f"there are no notebooks {pattern} in {place}.", advice=advice)
    return found
