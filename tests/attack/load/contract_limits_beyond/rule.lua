-- A rule that declares limits beyond the engine's.
return { name = "hostile", limits = { instructions = 2 ^ 50 }, reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
