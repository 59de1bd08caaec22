"""`python -m services.directory`: serve and re-sign the trust repository."""

from services.directory.main import main

main()
