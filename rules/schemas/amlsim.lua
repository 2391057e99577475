-- AMLSim's bank with planted fan-ins.  Its time is a number of steps; a step is a day.
return {
  labels = {
    Account = {
      file = "nodes.csv",
      key = { column = "nodeid", type = "int64" },
      properties = {
        isFraud = "bool",
        initBalance = { column = "init_balance", type = "float64" },
        fraudStep = "int64", -- -1: none
      },
      immutable = { "initBalance" }, -- the others are known only afterwards
    },
  },
  edges = {
    { type = "transfer", from = "Account", to = "Account", file = "transactions.csv",
      source = "sourceNodeId", target = "targetNodeId",
      time = { column = "time", format = { unit = "1d", epoch = "2020-01-01" } },
      properties = { amount = { column = "value", type = "float64" } } },
  },
}
