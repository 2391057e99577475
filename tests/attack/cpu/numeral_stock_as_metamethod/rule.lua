-- As a metamethod.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "1e" .. "308"
    local t = setmetatable({}, { __index = math.atan2, __add = math.fmod, __call = math.fmod })
    while true do pcall(function() return t + s end) end
  end,
}
