"""Which dossiers may be of one person: suggested with reasons, compared side by side, decided by people."""
