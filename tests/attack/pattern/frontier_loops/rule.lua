-- %f at each place, with a set that is scanned each time.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s, set = ("x"):rep(2000), "%f[" .. ("abcdefgh"):rep(200) .. "]"
    while true do s:find(set) end
  end,
}
