return {
  csv = { delimiter = " ", quote = false, header = false, columns = { "source", "target", "weight" } },
  labels = {
    Vertex = {
      key = { type = "int64" },
      sources = { { file = "example.v", key = "id", csv = { columns = { "id" } } } },
    },
  },
  edges = {
    { type = "joins", from = "Vertex", to = "Vertex", file = "example.e", source = "source", target = "target",
      where = { column = "weight", op = ">", value = 0.25 }, properties = { weight = "float64" } },
  },
}
