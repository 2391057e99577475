return {
  name      = "hostile",
  reads     = {},
  functions = { "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(not tostring(host):find("%x%x%x%x%x") and not tostring(host.echo):find("%x%x%x%x%x"))
    assert(not ("%s"):format(host.echo):find("0x"))
    return { decision = "allow" }
  end,
}
