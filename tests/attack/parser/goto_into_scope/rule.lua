-- A goto into the scope of a local.
goto inside local x = 1 ::inside:: x = 2
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
