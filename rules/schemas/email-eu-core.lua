-- E-mail among the members of a research institution, and their departments.
return {
  labels = {
    Member = {
      file = "departments.csv",
      key = { column = "nodeId", type = "int64" },
      properties = { department = "int64" },
    },
  },
  edges = {
    { type = "email", from = "Member", to = "Member", file = "email-eu-core.csv",
      source = "fromId", target = "toId" },
  },
}
