return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local drawn = math.random()
    for _ = 1, 1000 do math.random() end
    return { decision = "allow", output = drawn }
  end,
}
