-- What it keeps is gone with its run; what it puts in the place of `host` deceives itself alone.
return {
  name      = "hostile",
  reads     = {},
  functions = { "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(_G.kept == nil)
    _G.kept = host.echo
    host = { echo = function() return 0 end }
    assert(kept(4) == 4 and host.echo(4) == 0)
    return { decision = "allow" }
  end,
}
