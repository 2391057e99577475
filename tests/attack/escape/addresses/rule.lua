return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, value in ipairs({ {}, print or pairs, coroutine.create(function() end), graph, request, string }) do
      assert(not tostring(value):find("0x", 1, true), tostring(value))
      assert(not ("%s"):format(value):find("0x", 1, true))
    end
    assert(not pcall(string.format, "%p", {}))
    return { decision = "allow" }
  end,
}
