-- Stateless iterators, closures and coroutines as iterators, each without end.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for i in function(_, i) return (i or 0) + 1 end do if i > 1000 then break end end
    local n = 0
    for _ in function() n = n + 1 return n end do if n > 1000 then break end end
    for i in coroutine.wrap(function() while true do coroutine.yield(1) end end) do end
  end,
}
