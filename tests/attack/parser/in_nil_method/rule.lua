return { name = "hostile", reads = {}, decisions = { "allow" }, fallback = "none", evaluate = function() local _ for _ in (nil):foo() do end end }
