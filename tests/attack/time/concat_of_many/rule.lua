-- table.concat of many small pieces, and with a long separator.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t, separator = {}, (","):rep(60)
    for i = 1, 5000 do t[i] = i end
    while true do table.concat(t, separator) end
  end,
}
