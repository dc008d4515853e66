"""A backup is a folder: the database in its engine's own form, the files, and a manifest: every SHA-256, every log's head."""


class BackupRefused(Exception):
    """Why not, in a sentence for whoever sits at the terminal."""
