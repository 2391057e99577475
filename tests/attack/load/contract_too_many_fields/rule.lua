-- A thousand fields that no rule has.
local t = { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
for i = 1, 1000 do t['f' .. i] = i end
return t
