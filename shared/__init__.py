"""What our parts share: the protocol two countries agree on, and the runtime we stand on."""
