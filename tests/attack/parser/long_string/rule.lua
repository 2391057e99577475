-- A string of 200 KB: a constant like any other.
local s = [==[
--@ 200000 x
]==]
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
