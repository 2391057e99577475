-- A needle of 200 KB.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s, needle = ("ab"):rep(300000), ("ab"):rep(100000) .. "b"
    while true do s:find(needle, 1, true) end
  end,
}
