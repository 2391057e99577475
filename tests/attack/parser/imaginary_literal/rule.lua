return { name = "hostile", reads = {}, decisions = { "allow" }, fallback = "none", evaluate = function() return 1i end }
