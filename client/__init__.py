"""What an authority, an overseer or a court installs: no server packages."""
