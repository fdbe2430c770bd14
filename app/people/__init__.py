"""Regions, stores and their hours; who works there, on which tablet, and what each may do where."""
