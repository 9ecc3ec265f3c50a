"""Reads a Prefect project back to a graph, statically: nothing of the project is imported or run."""

from __future__ import annotations

from workbook_lib.prefect_reader._flow import FlowProgram
from workbook_lib.prefect_reader._program import (
    Choice,
    FlowEdge,
    FlowGraph,
    Problem,
    Region,
    Simulation,
    TaskNode,
    Unfollowed,
)
from workbook_lib.prefect_reader._read import read_flow, read_source

__all__ = [
    "Choice",
    "FlowEdge",
    "FlowGraph",
    "FlowProgram",
    "Problem",
    "Region",
    "Simulation",
    "TaskNode",
    "Unfollowed",
    "read_flow",
    "read_source",
]
