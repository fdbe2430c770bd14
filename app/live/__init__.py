"""Screens that stay true by themselves: who may listen, what happened, and what of it is drawn."""
