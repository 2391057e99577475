-- One algorithm over a view of the whole graph; every node's value by its key.  LABEL, EDGE
-- and WEIGHT are filled in by the test.
return {
  name    = "whole",
  params  = {
    algorithm  = { type = "string", required = true },
    undirected = { type = "boolean", default = false },
    iterations = { type = "integer", default = 20 },
    source     = { type = "string", default = "" },
  },
  reads    = { LABEL = {}, EDGE = { WEIGHT } },
  fallback = "none",
  returns  = "map",
  limits   = { instructions = 5e8, memory = "32MiB", time = "10s", edges = 1e6, output = "1MiB" },

  evaluate = function(graph, request)
    local params = request.params
    local view = graph:view{ labels = "LABEL", edges = "EDGE", undirected = params.undirected,
                             weight = params.algorithm == "SSSP" and WEIGHT or nil }
    local source = params.source ~= "" and graph:node("LABEL", params.source)
    local run = {
      BFS  = function() return view:bfs(source) end,
      SSSP = function() return view:sssp(source) end,
      PR   = function() return view:pagerank{ iterations = params.iterations } end,
      WCC  = function() return view:components() end,
      SCC  = function() return view:components{ strong = true } end,
      CDLP = function() return view:label_propagation{ iterations = params.iterations } end,
      LCC  = function() return view:clustering() end,
      TRI  = function() return select(2, view:triangles()) end,
    }
    local output = {}
    for node, value in run[params.algorithm]():each() do
      output[node.key] = type(value) == "number" and value or value.key
    end
    return { output = output }
  end,
}
