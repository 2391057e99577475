-- Positions, counts and levels given as long strings of digits to functions that charge for text
-- only.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("0"):rep(50000) .. "1"
    while true do
      local _ = ("x"):sub(s, s), ("x"):byte(s, s), ("x"):rep(s), ("x"):find("x", s), math.floor(s), math.random(s, s)
      _ = unpack({ 1 }, s, s), table.concat({ "a" }, "", s, s), select(s, 1), bit.tobit(s), math.fmod(s, s)
    end
  end,
}
