"""Dossiers that leave the house: for a purpose, by whoever may export, as far as they see them, and recorded."""
