-- error with levels that are not there, not whole, or not numbers.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, level in ipairs({ 0, -1, 1, 2, 3, 100, 1e9, -1e9, 2 ^ 31, 2 ^ 53, 1 / 0, -1 / 0, 0 / 0, 0.5 }) do
      local fine, message = pcall(error, "x", level)
      assert(not fine and message:find("x", 1, true))
      fine, message = pcall(function() error("y", level) end)
      assert(not fine and message:find("y", 1, true))
    end
    assert(not pcall(error, "x", {}) and not pcall(error))
    return { decision = "allow" }
  end,
}
