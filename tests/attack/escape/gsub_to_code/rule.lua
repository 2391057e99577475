-- gsub with a table or a function that is the library's own: string, _G, pairs, pcall,
-- setmetatable.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(("format"):gsub("%w+", { format = "x" }) == "x")
    for _, replacement in ipairs({ string, _G, table, pairs, pcall, setmetatable, getmetatable, coroutine.wrap, error, assert, next, unpack }) do
      pcall(string.gsub, "format upper x", "%w+", replacement)
    end
    assert(not pcall(string.gsub, "format", "%w+", string) and not pcall(string.gsub, "x", "x", graph))
    return { decision = "allow" }
  end,
}
