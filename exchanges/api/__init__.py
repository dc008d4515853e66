"""The API of exchanges, one file per noun. `exchange` stands at the end of every chain of reading: see its `Exchanges`."""
