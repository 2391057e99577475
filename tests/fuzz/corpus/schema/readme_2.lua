return {
  labels = {
    User = {
      key = { type = "int64" },
      properties = { verdict = { column = "label", type = "int64?" } },
      sources = {                                             -- in this order
        { file = "labels.csv", key = "user" },
        { file = "ratings.csv", key = "source", distinct = true, properties = {} },
        { file = "ratings.csv", key = "target", distinct = true, properties = {} },
      },
    },
  },
  edges = {
    { type = "rated", from = "User", to = "User", file = "ratings.csv",
      source = "source", target = "target",
      time = { column = "time", format = "s", truncate = true },
      properties = { rating = "int64" } },
  },
}
