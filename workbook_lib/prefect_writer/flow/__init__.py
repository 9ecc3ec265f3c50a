"""The flow function: its plan, its form, its statements."""
