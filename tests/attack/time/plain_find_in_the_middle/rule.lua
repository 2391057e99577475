-- A needle of 255 bytes that differs in its middle only, in megabytes of the same byte.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s, needle = ("a"):rep(1500000), ("a"):rep(127) .. "b" .. ("a"):rep(127)
    while true do s:find(needle, 1, true) end
  end,
}
