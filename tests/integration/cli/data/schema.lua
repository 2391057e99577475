return {
  labels = {
    Account = { file = "accounts.csv", key = { column = "id", type = "int64" },
                properties = { name = { type = "string", nullable = true },
                               balance = "float64", open = "bool" } },
  },
  edges = {
    { type = "transfer", from = "Account", to = "Account", file = "transfers.csv",
      source = "from", target = "to", time = "at",
      properties = { at = "timestamp", amount = "float64" } },
  },
}
