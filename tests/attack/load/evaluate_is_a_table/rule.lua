return { name = "hostile", reads = {}, decisions = { "allow" }, fallback = "none", evaluate = {} }
