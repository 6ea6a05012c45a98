"""Runs the core: fills its state from a configuration, arms its rules, pumps rows in and carries commands out."""
