-- evaluate is a native function that fails at once.
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = string.rep }
