-- An insertion 20 million places before the end: charged at once, moved without another look at
-- the clock.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    table.insert({}, -2e7, 1)
  end,
}
