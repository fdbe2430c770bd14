"""How well a region keeps its promises: figures folded from what was recorded, and what waits for a decision."""
