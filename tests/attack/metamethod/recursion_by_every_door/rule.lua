-- Each metamethod enters the next through a native function, so that both stacks grow.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local mt, t = {}, nil
    mt.__tostring = function(v) return ("x"):gsub("x", v) end
    mt.__index = function(v) table.sort({ v, v }) return "y" end
    mt.__lt = function(v) return (tostring(v)) == "" end
    t = setmetatable({}, mt)
    return { decision = tostring(t) }
  end,
}
