"""The acts on a request, one function each; `table` says which is which."""
