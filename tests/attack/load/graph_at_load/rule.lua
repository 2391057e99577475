-- There is no graph and no request while the file is loaded.
assert(graph == nil and request == nil)
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
