-- Table constructors that take 7,000 values from `...`.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 7000 do t[i] = i end
    local function run(...) while true do local _ = { ... } end end
    run(unpack(t))
  end,
}
