-- Made by __concat.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = setmetatable({}, { __concat = function() return "1e" .. "308" end })
    local s = t .. "x"
    while true do local x = s + 0 end
  end,
}
