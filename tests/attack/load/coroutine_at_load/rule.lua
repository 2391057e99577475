-- An endless loop in a coroutine, while the file is loaded.
coroutine.wrap(function() while true do pcall(function() while true do end end) end end)()
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
