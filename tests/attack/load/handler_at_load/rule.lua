-- In the handler of an error.
xpcall(error, function() while true do end end)
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
