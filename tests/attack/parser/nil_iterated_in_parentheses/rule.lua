-- The forms of `in nil` that the parser dies of, hidden in parentheses, comments and conditions.
for _ in ( --[[x]] (nil)) do end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
