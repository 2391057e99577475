-- A callback of gsub runs gsub over the same string, and again, 40 deep.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("x"):rep(10)
    local function deep(n) return (s:gsub(".", function() if n > 0 then deep(n - 1) end end)) end
    deep(40)
  end,
}
