return { name = "hostile", reads = {}, decisions = { "allow" }, fallback = "none", evaluate = function() return { decision = "allow", score = 1LL } end }
