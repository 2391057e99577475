-- A rule that never ends, and hides from errors: what a host must survive.
return {
  name        = "endless",
  description = "Counts for ever and catches every error on its way",
  reads       = { Account = {} },
  decisions   = { "allow", "review", "deny" },
  fallback    = "review",
  limits      = { instructions = 1e6, time = "50ms" },

  evaluate = function()
    local rounds = 0
    while true do
      pcall(function()
        while true do
          rounds = rounds + 1
        end
      end)
    end
  end,
}
