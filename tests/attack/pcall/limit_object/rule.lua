return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local caught = {}
    for i = 1, 10 do
      local _, err = pcall(function() while true do end end)
      caught[i] = err
    end
    error(caught[1])
  end,
}
