-- evaluate resumes a coroutine that the file made: it begins anew with every run.
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = coroutine.wrap(function(graph, request)
  assert(request.now == 1700000000000)
  coroutine.yield({ decision = "allow" })
  error("gone on")
end) }
