-- What a caught limit leaves as its error object is kept and returned.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local kept
    local function spin() while true do end end
    local _, object = pcall(spin)
    kept = object
    return { decision = "allow", output = kept }
  end,
}
