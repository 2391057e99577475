-- Sorting, again and again.
local t = {}
for i = 1, 5000 do t[i] = i end
while true do table.sort(t) end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
