"""`python -m workbook_lib.cli`."""

from workbook_lib.cli import entry

entry()
