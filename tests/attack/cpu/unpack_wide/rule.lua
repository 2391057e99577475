-- unpack of 7,900 values that nobody takes.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 7900 do t[i] = i end
    while true do unpack(t) end
  end,
}
