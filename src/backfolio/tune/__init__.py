"""Tune: many trials of a thesis, kept as they finish, and a verdict on the best."""
