-- A hundred times the cap in strings, none of them kept: what is garbage does not count.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for i = 1, 1000 do local _ = ("x"):rep(50000) .. i end
    return { decision = "allow" }
  end,
}
