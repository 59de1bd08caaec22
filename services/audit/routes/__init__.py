"""HTTP of the log: for the services of the node only."""
