-- The same behind `or` and `and`.
for _ in x and nil do end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
