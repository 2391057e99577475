return {
  name      = "hostile",
  reads     = {},
  functions = { "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = { 3, 1, 2 }
    pcall(table.sort, t, host.echo)
    table.sort(t)
    assert(t[1] == 1 and t[3] == 3)
    return { decision = "allow" }
  end,
}
