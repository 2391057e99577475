-- Random numbers come of the request's seed alone: not of the clock, of addresses, of another
-- rule's draws.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local drawn = {}
    for i = 1, 20 do drawn[i] = math.random(1e9) end
    assert(math.randomseed == nil)
    return { decision = "allow", output = drawn }
  end,
}
