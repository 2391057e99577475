-- Endless inside the VM with the stock tostring: no bytecode, no hook.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", reasons = { tostring(setmetatable({}, { __tostring = tostring })) } }
  end,
}
