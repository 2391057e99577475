return { name = "hostile", reads = {}, decisions = { "allow" }, fallback = "none", evaluate = function() for _ in nil do end end }
