"""The calls of a gateway as plain functions over one `Session`; see `client.sdk.session.connect`."""
