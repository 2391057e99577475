return {
  name      = "hostile",
  reads     = {},
  functions = { "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    host.echo(setmetatable({}, { __index = function() while true do end end }))
    return { decision = "allow" }
  end,
}
