return { labels = { A = { key = { column = "i", type = "int64" }, properties = { p = "text?" },
  sources = { { file = "a" }, { file = "b", change = "update", properties = { "p" } },
    { file = "c", change = "delete" } } }, B = { key = { type = "string", column = "k" } } },
  edges = { { type = "e", from = "A", to = "B", source = "s", target = "t", time = "w",
    sources = { { file = "d" }, { file = "f", change = "delete", properties = { "w" } } } } } }
