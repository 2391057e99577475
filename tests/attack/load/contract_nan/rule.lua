-- Limits and bounds that are no numbers.
return { name = "hostile", limits = { instructions = 0 / 0, memory = 1 / 0, time = -1 }, params = { p = { type = "number", min = 0 / 0, max = -1 / 0 } }, reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
