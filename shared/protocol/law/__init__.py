"""What the treaties say, as data: codes, fields, instruments, each value with its article (spec/law.md)."""
