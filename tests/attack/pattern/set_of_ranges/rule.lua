-- A set with thousands of ranges, negated, tried at every place.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local set = "[^" .. ("a-z0-9"):rep(2000) .. "]"
    local s = ("~"):rep(1000) .. "a"
    while true do s:gsub(set, "") end
  end,
}
