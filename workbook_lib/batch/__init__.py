"""The guided notebooks 01-05 for every workflow of a repository, without anybody watching: resumable, in several processes or on Dask."""

from __future__ import annotations

from workbook_lib.batch._books import CHECKOUT, NOTEBOOKS, find
from workbook_lib.batch._execute import execute
from workbook_lib.batch._html import to_html
from workbook_lib.batch._junit import to_junit
from workbook_lib.batch._rows import GOOD, Book, Report, Row
from workbook_lib.batch._run import Batch, Options, Stopped

__all__ = [
    "CHECKOUT",
    "GOOD",
    "NOTEBOOKS",
    "Batch",
    "Book",
    "Options",
    "Report",
    "Row",
    "Stopped",
    "execute",
    "find",
    "to_html",
    "to_junit",
]
