"""Bootstrap of nodes, the lab and the demonstration of two countries."""
