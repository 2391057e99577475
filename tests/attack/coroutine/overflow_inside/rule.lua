-- The stack overflows inside a coroutine, is caught outside, and tried again.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function down() return 1 + down() end
    while true do
      local fine, message = coroutine.resume(coroutine.create(down))
      assert(not fine and type(message) == "string")
    end
  end,
}
