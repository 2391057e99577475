-- Made upper case.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("1e308"):upper()
    while true do local x = s + 0 end
  end,
}
