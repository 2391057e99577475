-- By gsub.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("1f308"):gsub("f", "e")
    while true do local x = s + 0 end
  end,
}
