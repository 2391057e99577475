-- An __index that catches what is raised below it, and asks again.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t
    t = setmetatable({}, { __index = function(_, k) pcall(function() while true do end end) return k end })
    while true do local _ = t.x end
  end,
}
