-- What the graph is made of: accounts, and transfers of money between them.
--
-- Tests build their small graphs after it, `cordon check` holds rules against it, and
-- `cordon import --schema schemas/payments.lua --out payments.store DIR` reads the CSV files
-- it names into a store.
return {
  labels = {
    Account = {
      key = { type = "int64", column = "id" },
      properties = { country = { type = "string", nullable = true } },
      file = "accounts.csv",
    },
  },
  edges = {
    { type = "transfer", from = "Account", to = "Account", file = "transfers.csv",
      source = "from", target = "to", time = "time",
      properties = { amount = "float64" } },
  },
}
