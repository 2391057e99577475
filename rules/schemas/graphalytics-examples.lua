-- LDBC Graphalytics' two example graphs.  Of the undirected one each edge is listed once:
-- a view of it is made with { undirected = true }.
local VERTEX = { columns = { "id" } }

return {
  csv = { delimiter = " ", quote = false, header = false,
          columns = { "source", "target", "weight" } },
  labels = {
    Directed = {
      key = { type = "int64" },
      sources = { { file = "example-directed.v", key = "id", csv = VERTEX } },
    },
    Undirected = {
      key = { type = "int64" },
      sources = { { file = "example-undirected.v", key = "id", csv = VERTEX } },
    },
  },
  edges = {
    { type = "leads", from = "Directed", to = "Directed", file = "example-directed.e",
      source = "source", target = "target", properties = { weight = "float64" } },
    { type = "joins", from = "Undirected", to = "Undirected", file = "example-undirected.e",
      source = "source", target = "target", properties = { weight = "float64" } },
  },
}
