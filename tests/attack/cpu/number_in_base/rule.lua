-- tonumber with a base, on long text that is no number at its last character.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("z"):rep(10000) .. "!"
    while true do tonumber(s, 36) tonumber(s, 2) end
  end,
}
