-- Found in another sandbox: what a function of the library refuses, the method of a string
-- allows.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for name in pairs(string) do assert(("")[name] == string[name], name) end
    string = { rep = function() return "mine" end }
    assert(("x"):rep(2) == "xx" and ("").dump == nil)
    return { decision = "allow" }
  end,
}
