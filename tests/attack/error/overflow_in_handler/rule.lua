-- The stack overflows, and the handler overflows it again.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function down() return 1 + down() end
    while true do xpcall(down, down) end
  end,
}
