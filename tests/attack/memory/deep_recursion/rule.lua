-- The Lua stack itself.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function down(n) return 1 + down(n + 1) end return down(1)
  end,
}
