-- FinBench TCR10: how alike two investors are.
local function round(x)
  return math.floor(x * 1000 + 0.5) / 1000
end

return {
  name        = "finbench_tcr10",
  description = "Jaccard similarity of the companies two persons invested in",
  params      = {
    pid1      = { type = "string", required = true },
    pid2      = { type = "string", required = true },
    startTime = { type = "timestamp", required = true },
    endTime   = { type = "timestamp", required = true },
  },
  reads       = { Person = {}, Company = {}, invest = {} },
  fallback    = "none",
  returns     = "list",

  evaluate = function(graph, request)
    local params = request.params
    local function companies(id)
      local person = graph:node("Person", id)
      return person and person:outgoing("invest")
                          :after(params.startTime):before(params.endTime):nodes()
             or graph:set({})
    end

    local first, second = companies(params.pid1), companies(params.pid2)
    local either = first:union(second):count()
    local similarity = either == 0 and 0 or first:intersect(second):count() / either
    return { output = { { jaccardSimilarity = round(similarity) } } }
  end,
}
