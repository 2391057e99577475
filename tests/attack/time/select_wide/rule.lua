-- select, assert and math.max with 7,000 arguments.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 7000 do t[i] = i end
    local function run(...) while true do select(2, ...) select(-6999, ...) assert(...) math.max(...) end end
    run(unpack(t))
  end,
}
