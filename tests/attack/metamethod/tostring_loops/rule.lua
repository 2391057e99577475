-- __tostring never answers, called by tostring, by %s and by a message.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = setmetatable({}, { __tostring = function() while true do end end })
    while true do
      pcall(tostring, t)
      pcall(string.format, "%s", t)
      pcall(error, t)
    end
  end,
}
