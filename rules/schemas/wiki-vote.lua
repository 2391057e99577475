-- Votes among Wikipedia's users; the users are those who vote or are voted on.
return {
  labels = {
    User = {
      key = { type = "int64" }, distinct = true,
      sources = {
        { file = "wiki-vote.csv", key = "fromId" },
        { file = "wiki-vote.csv", key = "toId" },
      },
    },
  },
  edges = {
    { type = "vote", from = "User", to = "User", file = "wiki-vote.csv",
      source = "fromId", target = "toId" },
  },
}
