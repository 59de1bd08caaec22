"""The federation's ceremonies, offline: drafts that go from hand to hand until enough have signed."""
