-- Runs until it is stopped, as long as it may.
return {
  name      = "slow",
  decisions = { "allow", "review" },
  fallback  = "review",
  limits    = { instructions = 1e9, time = "10s" },
  evaluate  = function()
    while true do end
  end,
}
