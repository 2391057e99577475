-- table.sort with the library's own functions as comparators.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, f in ipairs({ rawequal, math.max, rawset, setmetatable, pcall, coroutine.wrap, string.rep, next, select, unpack, tostring }) do
      pcall(table.sort, { 3, 1, 2, 5, 4 }, f)
      pcall(table.sort, { {}, {}, {}, {} }, f)
      pcall(table.sort, { "c", "a", "b" }, f)
    end
    return { decision = "allow" }
  end,
}
