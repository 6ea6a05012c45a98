"""Market data from files: recordings are read here, and become rows."""
