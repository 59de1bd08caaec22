"""The ten scenarios of the process, told and played: real nodes, real sockets, a clock that can be set."""
