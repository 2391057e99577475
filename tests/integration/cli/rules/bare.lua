return {
  name      = "bare",
  reads     = {},
  decisions = { "allow" },
  fallback  = "none",
  evaluate  = function() error("no") end,
}
