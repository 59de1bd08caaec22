"""What two countries must agree on: pure functions over bytes; no I/O, no clock, no framework."""
