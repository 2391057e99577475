-- Names with NUL bytes, escapes, paths and formats.
return { name = "../\0\27[2J%s%n", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
