local t = { name = "hostile", decisions = { "allow" }, fallback = "none", evaluate = function() end }
t.reads = t
return t
