"""The shop floor: tasks from request to collection, shelves, hand-offs, cases, and what happens when nobody answers."""
