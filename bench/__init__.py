"""The benchmark: the running stack from outside, beside what one connection of plain SQL does with the same rows."""
