-- Strings of digits as keys are no numbers: they are compared by address, however long.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t, s = {}, ("9"):rep(50000)
    while true do
      for i = 1, 3 do t[s .. i] = (t[s .. i] or 0) + 1 end
    end
  end,
}
