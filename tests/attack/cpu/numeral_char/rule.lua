-- From bytes.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = string.char(49, 101, 51, 48, 56)
    while true do local x = s + 0 end
  end,
}
