"""Lists that somebody sent, taken in as dossiers by a person's decision: read, mapped, judged row by row, written, undone."""
