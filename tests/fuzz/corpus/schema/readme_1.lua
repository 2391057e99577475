return {
  csv = { delimiter = "|", quote = false },   -- of all files; the default is "," and '"', with a header line

  labels = {
    Account = {
      file = "Account.csv",                   -- in the data folder; Account.csv.gz is found too
      key = { column = "accountId", type = "int64" },
      properties = {
        createTime = "timestamp",             -- property and column of one name
        isBlocked = "bool",
        nickname = "string?",                 -- ?: an empty cell is null
        accountType = { column = "accoutType", type = "string" },
        lastLogin = { type = "timestamp", format = "ms", nullable = true },
        serial = { type = "int64", lua = "string" },
      },
    },
    Person = { file = "Person.csv", key = { column = "personId", type = "int64" } },
    Company = { file = "Company.csv", key = { column = "companyId", type = "int64" } },
  },

  edges = {
    { type = "transfer", from = "Account", to = "Account",
      file = { "transfers-1.csv", "transfers-2.csv.gz" },     -- files of one shape
      source = "fromId", target = "toId",                     -- columns with the keys of both ends
      time = "createTime",                                    -- what edges are ordered by
      properties = { amount = "float64", comment = { type = "text", mirror = false } } },
    -- one edge type may join several pairs of labels
    { type = "own", from = "Person", to = "Account", file = "PersonOwnAccount.csv",
      source = "personId", target = "accountId" },
    { type = "own", from = "Company", to = "Account", file = "CompanyOwnAccount.csv",
      source = "companyId", target = "accountId" },
  },
}
