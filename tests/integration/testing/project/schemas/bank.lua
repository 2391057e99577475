return {
  labels = { Account = { file = "a.csv", key = { column = "id", type = "int64" },
    properties = { country = "string?", opened = "timestamp?" } } },
  edges = { { type = "transfer", from = "Account", to = "Account", file = "t.csv", source = "s", target = "t",
    time = "time", properties = { amount = "float64" } } },
}
