"""The trust repository of the federation: serves it and re-signs its short-lived roles."""
