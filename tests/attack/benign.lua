-- What is asked after every attack: an honest rule that looks at all that an attack could
-- have left behind, and writes it into its result, which must be the same as before.
local calls = 0

return {
  name      = "benign",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    calls = calls + 1
    local names = {}
    for name, value in pairs(_G) do
      names[#names + 1] = name .. "=" .. type(value)
    end
    for _, library in ipairs({ "string", "table", "math", "bit", "coroutine" }) do
      for name in pairs(_G[library]) do
        names[#names + 1] = library .. "." .. name
      end
    end
    local sum = 0
    for i = 1, 100 do
      sum = sum + i
    end
    local sorted = { 3, 1, 2 }
    table.sort(sorted)
    return {
      decision = calls == 1 and "allow" or "deny",
      score    = sum,
      reasons  = { ("%d %s"):format(#names, ("pristine"):upper()) },
      output   = {
        names   = table.concat(names, " "),
        random  = math.random(),
        sorted  = sorted,
        strings = { ("a,b"):gsub(",", ";"), ("x"):rep(3), tostring({}), ("k=v"):match("(%w)=(%w)") },
        caught  = { pcall(error, "caught") },
        yielded = coroutine.wrap(function() coroutine.yield("yielded") end)(),
        meta    = type(getmetatable("")),
        now     = request.now,
      },
    }
  end,
}
