-- %d of strings of digits, 200 of them in one call.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s, t = ("0"):rep(20000) .. "65", {}
    for i = 1, 200 do t[i] = s end
    local format = ("%d"):rep(200)
    while true do format:format(unpack(t)) end
  end,
}
