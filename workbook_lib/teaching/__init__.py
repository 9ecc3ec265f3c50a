"""What the notebooks need besides the library: tables to look at, concept cards, checks and one exercise."""

from __future__ import annotations

from workbook_lib.teaching import _show as show
from workbook_lib.teaching import check
from workbook_lib.teaching._checkpoint import checkpoint, example
from workbook_lib.teaching._concepts import CONCEPTS, Concept, concepts
from workbook_lib.teaching._predict import predict
from workbook_lib.teaching._resume import resume
from workbook_lib.teaching._spoil import spoil
from workbook_lib.teaching.exercises import exercise

__all__ = ["CONCEPTS", "Concept", "check", "checkpoint", "concepts", "example", "exercise", "predict", "resume", "show", "spoil"]
