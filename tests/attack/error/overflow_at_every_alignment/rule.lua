-- Stack overflows with frames of every size, so that the end of the stack is met at each place of
-- a frame.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function down(...) return 1 + down(...) end
    local list = {}
    for n = 0, 40 do
      local fine, message = pcall(down, unpack(list))
      assert(not fine and type(message) == "string")
      list[n + 1] = n
    end
    return { decision = "allow" }
  end,
}
