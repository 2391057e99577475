-- The message of an error.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local _, s = pcall(error, "1e308", 0)
    while true do local x = s + 0 end
  end,
}
