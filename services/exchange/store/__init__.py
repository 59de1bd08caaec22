"""Every SQL statement of the exchange, by subject; takes a Session, returns domain values."""
