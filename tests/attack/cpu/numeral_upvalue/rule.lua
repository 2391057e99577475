-- Parsed by a function that was made before it.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s
    local function add() return s + 0 end
    s = "1e" .. "308"
    while true do add() end
  end,
}
