"""`python -m services.gateway`: the node's one way in and out."""

from services.gateway.main import main

main()
