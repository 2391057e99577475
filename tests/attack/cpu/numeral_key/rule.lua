-- A key of a table that pairs hands out.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = { ["1e308"] = 1 }
    for s in pairs(t) do
      while true do local x = s + 0 end
    end
  end,
}
