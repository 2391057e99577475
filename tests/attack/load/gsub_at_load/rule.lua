-- In a callback of gsub, with errors caught.
while true do pcall(string.gsub, 'x', 'x', function() while true do end end) end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
