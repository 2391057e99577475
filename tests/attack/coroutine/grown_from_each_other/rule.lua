-- Each coroutine makes and resumes two more: a tree that is as deep as allowed, again and again.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function grow(depth)
      if depth == 0 then return end
      coroutine.wrap(grow)(depth - 1)
      coroutine.wrap(grow)(depth - 1)
    end
    while true do pcall(grow, 60) end
  end,
}
