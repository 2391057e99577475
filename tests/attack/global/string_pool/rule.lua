-- Strings and numbers that a rule interns are not those of the next one.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for i = 1, 5000 do local _ = "secret" .. i end
    local _ = ("secret"):rep(1000)
    return { decision = "allow" }
  end,
}
