return { name = "hostile", reads = {}, decisions = { "allow" }, fallback = "none", evaluate = function() return 0x1ULL end }
