-- A field called evaluate up to its NUL byte.
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", ["evaluate\0x"] = function() return { decision = "allow" } end }
