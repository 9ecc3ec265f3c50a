"""How values, names, dates and carried-over code are printed as Python."""
