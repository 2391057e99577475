-- FinBench TCR5: traces of the money a person's accounts send, up to three transfers.
local CUTS = { TIMESTAMP_DESCENDING = "latest", TIMESTAMP_ASCENDING = "earliest",
               AMOUNT_DESCENDING = "largest", AMOUNT_ASCENDING = "smallest" }

local function cut(edges, params)
  return edges[CUTS[params.truncationOrder]](edges, params.truncationLimit, "amount")
end

return {
  name        = "finbench_tcr5",
  description = "Transfer traces of a person, times ascending, no account twice",
  params      = {
    id              = { type = "string", required = true },
    startTime       = { type = "timestamp", required = true },
    endTime         = { type = "timestamp", required = true },
    truncationLimit = { type = "integer", default = 500, min = 1 },
    truncationOrder = { type = "string", default = "TIMESTAMP_DESCENDING",
                        choices = { "TIMESTAMP_DESCENDING", "TIMESTAMP_ASCENDING",
                                    "AMOUNT_DESCENDING", "AMOUNT_ASCENDING" } },
  },
  reads       = { Person = {}, Account = {}, own = {}, transfer = { "amount" } },
  fallback    = "none",
  returns     = "list",

  evaluate = function(graph, request)
    local params = request.params
    local person = graph:node("Person", params.id)
    if not person then
      return { output = {} }
    end
    local paths = cut(person:outgoing("own"):nodes():outgoing("transfer"), params)
                    :after(params.startTime):before(params.endTime)
                    :paths({ hops = 3, ascending = true })
    local rows = {}
    for length = 4, 2, -1 do
      for _, path in ipairs(paths) do
        if #path == length then
          local keys = {}
          for i, account in ipairs(path) do
            keys[i] = account.key
          end
          rows[#rows + 1] = { path = keys }
        end
      end
    end
    return { output = rows }
  end,
}
