"""Seeds: each builds its world through the same operations as everybody else."""
