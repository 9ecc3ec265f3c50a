"""Widgets for the notebooks: thin, each with a plain call beside it that does the same. Traits in, traits out, no decisions."""

from __future__ import annotations

from workbook_lib.widgets._code_editor import CodeEditor
from workbook_lib.widgets._graph_view import GraphView
from workbook_lib.widgets._pilot_panel import PilotPanel
from workbook_lib.widgets._source_picker import SourcePicker
from workbook_lib.widgets._verdict_view import VerdictView

__all__ = ["CodeEditor", "GraphView", "PilotPanel", "SourcePicker", "VerdictView"]
