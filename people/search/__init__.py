"""Finding a dossier as somebody types: what is kept of each, what is read from the box, and whom that finds."""
