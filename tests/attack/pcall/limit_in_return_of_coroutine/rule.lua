-- The limit is met in a coroutine whose status is asked instead of its error.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local co = coroutine.create(function() while true do end end)
    coroutine.resume(co)
    while coroutine.status(co) ~= "running" do co = coroutine.create(function() end) end
    return { decision = "allow" }
  end,
}
