"""Run the exchange: `python -m services.exchange`."""

from services.exchange.main import main

main()
