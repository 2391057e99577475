-- A file that keeps nearly two thirds of a MiB: every run has to copy it.
local kept = {}
for i = 1, 3000 do kept[i] = ('k' .. i):rep(20) end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() assert(#kept == 3000) return { decision = "allow" } end }
