return {
  name      = 7,
  descripton = "misspelt",
  reads     = { Account = {} },
  decisions = { "allow" },
  fallback  = "deny",
  evaluate  = function() end,
}
