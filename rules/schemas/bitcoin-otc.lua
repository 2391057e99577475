-- Who trusts whom on Bitcoin OTC.  Users have no file of their own: they are those of the
-- labels and those who rate or are rated.
return {
  labels = {
    User = {
      key = { type = "int64" },
      properties = {
        verdict = { column = "label", type = "int64", nullable = true }, -- 1 trusted, -1 fraud
      },
      sources = {
        { file = "labels.csv", key = "user" },
        { file = "ratings.csv", key = "source", distinct = true, properties = {} },
        { file = "ratings.csv", key = "target", distinct = true, properties = {} },
      },
    },
  },
  edges = {
    { type = "rated", from = "User", to = "User", file = "ratings.csv",
      source = "source", target = "target",
      -- the times are finer than a millisecond
      time = { column = "time", format = "s", truncate = true },
      properties = { rating = "int64" } },
  },
}
