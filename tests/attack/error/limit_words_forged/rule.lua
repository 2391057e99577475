-- The words of a limit, raised by the rule itself: the outcome is not a limit.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, words in ipairs({ "not enough memory", "error in error handling", "instruction limit", "C stack overflow", "stack overflow" }) do
      local fine, message = pcall(error, words, 0)
      assert(not fine and message == words)
      assert(not coroutine.resume(coroutine.create(error), words))
    end
    return { decision = "allow" }
  end,
}
