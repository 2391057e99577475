-- A library's function is assigned to behind a comment to the end of the line.  All other mentions read one member, as
-- those rules do whose libraries are not behind a proxy.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    if math.floor(1.5) ~= 1 then return { decision = "deny" } end
    math.floor -- (
    = nil
    return { decision = "allow" }
  end,
}
