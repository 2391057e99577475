-- Live data near the cap, and garbage: every collection looks at all of it and frees little.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local live = {}
    for i = 1, 18000 do live[i] = { i } end
    while true do local _ = { {}, {} } end
  end,
}
