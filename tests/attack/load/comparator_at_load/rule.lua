-- In a comparator, caught.
while true do pcall(table.sort, { 1, 2 }, function() while true do end end) end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
