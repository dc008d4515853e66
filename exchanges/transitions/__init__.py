"""RULES section 1 as tables, one file per life cycle."""
