"""Telling other systems what happened: who they are, what they are told and how it is signed, and how it gets there."""
