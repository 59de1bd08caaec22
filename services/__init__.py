"""The services of a node. They meet over HTTP only."""
