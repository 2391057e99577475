return {
  name      = "hostile",
  reads     = {},
  functions = { "echo", "fail" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local thread = coroutine.create(function()
      return ("abc"):gsub(".", function(c) return host.echo(c):upper() end)
    end)
    local done, text = coroutine.resume(thread)
    assert(done and text == "ABC")
    assert(select(2, pcall(("x").gsub, "x", "x", host.fail)):find("host.fail", 1, true))
    return { decision = "allow" }
  end,
}
