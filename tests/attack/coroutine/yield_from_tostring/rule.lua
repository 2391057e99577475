-- A yield out of __tostring under string.format.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = setmetatable({}, { __tostring = coroutine.yield })
    return coroutine.wrap(function() return ("%s"):format(t) end)()
  end,
}
