-- A library's function is assigned to as the name of a function, behind a comment with words in it.  All other mentions read one member, as
-- those rules do whose libraries are not behind a proxy.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    if math.floor(1.5) ~= 1 then return { decision = "deny" } end
    function --[[ of mine ]] math.floor() end
    return { decision = "allow" }
  end,
}
