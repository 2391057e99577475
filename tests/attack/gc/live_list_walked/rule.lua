-- A list of ten thousand links that is always live, and garbage beside it.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local list
    for i = 1, 3000 do list = { list, i } end
    while true do local _ = { {} } end
  end,
}
