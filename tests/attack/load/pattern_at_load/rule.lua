-- A pattern that backtracks.
local _ = ('a'):rep(100):find(('a?'):rep(40) .. ('a'):rep(101))
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
