-- evaluate is a native function that catches everything.
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = pcall }
