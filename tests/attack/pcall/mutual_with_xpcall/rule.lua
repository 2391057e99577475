-- pcall and xpcall take turns, one level deeper each time an error comes.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function f() return xpcall(error, function() return pcall(f) end) end
    while true do f() end
  end,
}
