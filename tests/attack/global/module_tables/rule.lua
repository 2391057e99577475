-- Tables of the file that a run fills, empties, gives metatables and breaks.
local kept, names = {}, { a = 1 }

return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(#kept == 0 and getmetatable(kept) == nil and next(names) == "a", "kept from an earlier run")
    for i = 1, 1000 do kept[i] = { i } end
    setmetatable(kept, { __index = error, __metatable = false })
    names.a, names.b = nil, true
    return { decision = "allow" }
  end,
}
