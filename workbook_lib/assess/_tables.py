"""Every constant of the assessment in one place, so that a reader can see and argue with each number.

Complexity = sum of weight x count. Pilot score = 100 - penalties, at least 0; a workflow with a reason against it is never proposed.
"""

from __future__ import annotations

# What counts towards a workflow's complexity: name -> (weight, meaning).
COMPLEXITY: dict[str, tuple[float, str]] = {
    "tasks": (1.0, "tasks"),
    "edges": (0.5, "dependencies"),
    "depth": (1.0, "tasks on the longest path"),
    "rules": (2.0, "tasks with a trigger rule other than all_success"),
    "branches": (3.0, "branches and short circuits"),
    "mappings": (3.0, "tasks or groups that run once per element"),
    "opaque": (5.0, "tasks whose operator no rule knows"),
    "blockers": (4.0, "functions that still need the legacy package"),
    "unsupported": (2.0, "settings without an equivalent"),
}

# Upper bounds of the levels.
LEVELS: tuple[tuple[float, str], ...] = ((15.0, "low"), (45.0, "medium"), (float("inf"), "high"))

# Penalties of the pilot score: name -> (points per unit, at most, meaning).
PILOT: dict[str, tuple[float, float, str]] = {
    "complexity": (0.5, 30.0, "per point of complexity"),
    "placeholders": (60.0, 60.0, "times the share of tasks that will be placeholders"),
    "connections": (5.0, 25.0, "per connection it needs"),
    "variables": (1.0, 10.0, "per variable or environment variable it needs"),
    "waits": (10.0, 20.0, "per workflow or asset it waits for"),
    "starts": (10.0, 20.0, "per workflow it starts"),
    "critical": (10.0, 20.0, "per sign that it is critical"),
    "warnings": (3.0, 15.0, "per finding left to a human"),
    "tiny": (15.0, 15.0, "when it has fewer than MIN_PILOT_TASKS tasks that do something, so that it proves little"),
}
MIN_PILOT_TASKS = 2

# Words in tags, owners and descriptions, and settings, that hint at a critical workflow.
CRITICAL_TAGS = frozenset({"critical", "tier1", "tier-1", "tier0", "tier-0", "p0", "p1", "sla", "production", "prod", "finance", "billing"})
CRITICAL_SETTINGS = frozenset({"sla", "priority_weight"})

# More placeholders than this share: rethink rather than convert.
RETHINK_SHARE = 0.5

# A hint at the effort for a kind of work that no rule converts: (hours once, hours for each task).
EFFORT: dict[str, tuple[float, float]] = {
    "python": (1.0, 0.5),
    "shell": (1.0, 0.25),
    "sql": (4.0, 0.5),
    "http": (3.0, 0.5),
    "container": (8.0, 1.0),
    "storage": (4.0, 0.5),
    "warehouse": (6.0, 0.75),
    "wait": (3.0, 0.5),
    "branch": (2.0, 1.0),
    "workflow": (4.0, 1.0),
    "notify": (2.0, 0.25),
    "mapping": (3.0, 1.0),
    "other": (4.0, 1.0),
    "finding": (0.0, 0.25),
}

# Packages that must not be carried over: (pattern of the normalised name, why).
KNOWN_CONFLICTS: tuple[tuple[str, str], ...] = (
    (r"apache-airflow(-core|-task-sdk)?", "the legacy engine itself; nothing in the project may import it"),
    (r"apache-airflow-providers-.*", "a part of the legacy engine; its operators become tasks"),
    (r"(airflow-|acryl-datahub-airflow-|openlineage-airflow).*", "a plug-in of the legacy engine"),
    (r"luigi|dagster(-.*)?", "another orchestrator; its parts become tasks"),
)
