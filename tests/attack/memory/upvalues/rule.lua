-- Closures that keep their locals alive, each another.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local kept = {}
    for i = 1, 1e9 do
      local a, b, c = i, { i }, "s" .. i
      kept[i] = function() return a, b, c end
    end
  end,
}
