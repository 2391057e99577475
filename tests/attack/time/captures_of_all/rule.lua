-- 32 captures of the same long text: each is hashed and compared.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("x"):rep(30000)
    local pattern = ("("):rep(32) .. ".*" .. (")"):rep(32)
    while true do s:match(pattern) end
  end,
}
