return {
  name      = "hostile",
  reads     = {},
  functions = { "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, n in ipairs { 0, -0, 2^53, -2^53, 0.1, 1e308, 1/0, -1/0 } do assert(host.echo(n) == n) end
    local nan = host.echo(0/0)
    assert(nan ~= nan)
    assert(host.echo("\0\255") == "\0\255" and host.echo(false) == false)
    return { decision = "allow" }
  end,
}
