-- Decisions that are 2^30 tables.
local t = {}
for _ = 1, 30 do t = { t, t } end
return { name = "hostile", reads = {}, decisions = t, fallback = "deny", evaluate = function() return { decision = "allow" } end }
