"""The overseer's part: a mirror of the own country's log, verified offline, compared with another's."""
