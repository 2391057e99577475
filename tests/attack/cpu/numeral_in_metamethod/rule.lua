-- In a metamethod.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = setmetatable({}, { __index = function(_, s) return s + 0 end })
    local s = "1e" .. "308"
    while true do local x = t[s] end
  end,
}
