-- Sizes that LuaJIT refuses without asking the allocator.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, n in ipairs({ 2 ^ 31, 2 ^ 31 - 1, 2 ^ 32, 2 ^ 53, 1e300, 1 / 0 }) do pcall(string.rep, "x", n) end
    return { decision = "allow" }
  end,
}
