return {
  name      = "pair",
  decisions = { "allow", "review", "deny" },
  combine   = "most_severe",
  rules     = { "sent", "endless" },
  fallback  = "review",
}
