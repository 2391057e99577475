-- A cap that is nearly full of live data: every new table asks for a collection, and the budget
-- ends it.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local live = {}
    for i = 1, 700 do live[i] = { i } end
    while true do local _ = {} end
  end,
}
