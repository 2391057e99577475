-- Nothing runs while the result is written: metamethods that would change it are never asked.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = { 1, 2, 3 }
    setmetatable(t, { __index = function() t[1] = t end, __len = function() t[2] = t end, __pairs = function() t[3] = t end })
    return { decision = "allow", output = { t } }
  end,
}
