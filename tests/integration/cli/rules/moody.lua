-- Ends in every way a rule can end, as it is told.
return {
  name        = "moody",
  description = "Ends as its parameter says",
  params      = { mood = { type = "string", default = "fine" } },
  reads       = { Account = {}, transfer = { "amount" } },
  decisions   = { "allow", "review" },
  fallback    = "review",
  returns     = "any?",
  limits      = { time = "10s" },
  evaluate    = function(_, request)
    local mood = request.params.mood
    if mood == "error" then
      error("a bad \27[31mday")
    elseif mood == "loop" then
      while true do end
    elseif mood == "memory" then
      local t = {}
      for i = 1, 1e9 do t[i] = tostring(i) end
    elseif mood == "edges" then
      for _ = 1, 1e9 do request.node:outgoing("transfer"):sum("amount") end
    elseif mood == "output" then
      return { decision = "allow", output = ("x"):rep(200000) }
    elseif mood == "invalid" then
      return { decision = "maybe" }
    elseif mood == "silent" then
      return {}
    end
    return { decision = "allow", reasons = { "feeling \27[1m fine" } }
  end,
}
