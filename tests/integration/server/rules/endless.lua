return {
  name      = "endless",
  decisions = { "allow", "review" },
  fallback  = "review",
  limits    = { instructions = 1e5, time = "10s" },
  evaluate  = function()
    while true do end
  end,
}
