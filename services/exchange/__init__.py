"""Cases, evidence, custody: the only process with private keys and content."""
