-- gmatch's iterator taken out of its loop and called after its end, and begun anew.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("ab"):rep(100)
    while true do
      local step = s:gmatch("()a")
      for _ = 1, 150 do step() end
    end
  end,
}
