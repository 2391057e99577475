-- A comment of 300 KB.
--[==[
--@ 300000 x
]==]
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
