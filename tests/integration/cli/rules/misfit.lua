return {
  name        = "misfit",
  description = "Reads what is not there",
  reads       = {
    Acount   = {},
    Account  = { "nmae" },
    transfer = { "amuont", "amount" },
  },
  decisions   = { "allow" },
  fallback    = "allow",
  limits      = { instructions = 1e5 },
  evaluate    = function() return { decision = "allow" } end,
}
