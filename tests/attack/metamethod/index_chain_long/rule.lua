-- A chain of 150 tables, each the __index of the one before.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = { x = 1 }
    for _ = 1, 150 do t = setmetatable({}, { __index = t }) end
    return { decision = t.x and "allow" }
  end,
}
