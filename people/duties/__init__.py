"""What is owed for the people of a registry, in one list: notices to the Central Agency, and duties after a death in custody."""
