-- The benchmark's data: a bank, and users who rate items.
return {
  labels = {
    Account = {
      file = "accounts.csv",
      key = { column = "id", type = "int64" },
      properties = {
        country = "string", risk = "int64",
        created = { column = "created_ms", type = "timestamp", format = "ms" },
      },
      immutable = { "country", "created" },
    },
    User = { file = "ratings.csv", distinct = true, key = { column = "user", type = "int64" } },
    Item = { file = "ratings.csv", distinct = true, key = { column = "item", type = "int64" } },
  },
  edges = {
    { type = "transfer", from = "Account", to = "Account", file = "transfers.csv",
      source = "src", target = "dst", time = { column = "ts_ms", property = "time", format = "ms" },
      properties = { amount = "int64" } },
    { type = "rated", from = "User", to = "Item", file = "ratings.csv",
      source = "user", target = "item", time = { column = "ts_ms", property = "time", format = "ms" },
      properties = { rating = "int64" } },
  },
}
