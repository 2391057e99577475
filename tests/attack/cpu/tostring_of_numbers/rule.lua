-- Numbers of 17 digits made into text and back.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local x = 0.1 while true do x = tonumber(tostring(x)) + 0.1 end
  end,
}
