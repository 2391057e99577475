-- Tags that nest 100 deep.
local t = {}
for _ = 1, 100 do t = { t } end
return { name = "hostile", tags = t, reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
