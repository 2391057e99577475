-- Keys, dictionaries, texts, bags, and what is not stored in both directions.
return {
  name      = "strings",
  reads     = { Account = { "kind", "nickname", "note", "bag", "serial", "createTime", "isBlocked" },
                Person = { "name" }, Company = { "name" }, Medium = { "kind" },
                transfer = { "memo" }, own = {}, invest = {}, signIn = { "location" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  limits    = { instructions = 1e6, time = "9s", edges = 100000, memory = "1MiB" },

  evaluate = function(graph, request)
    local account = request.node
    local out = { account.key, account.kind, account.serial, tostring(account) }
    out[#out + 1] = account.nickname
    out[#out + 1] = account.note
    local cards = 0
    for edge, other in account:both("transfer"):each() do
      out[#out + 1] = edge.memo
      out[#out + 1] = other.key .. other.kind .. tostring(other.isBlocked)
    end
    for sign, medium in account:incoming("signIn"):each() do
      out[#out + 1] = medium.kind .. "@" .. sign.location
      cards = cards + medium:outgoing("signIn"):where("location", "==", "Oslo"):count()
    end
    cards = cards + account:incoming("signIn"):where("location", "~=", "Rome"):count()
                  + account:both("transfer"):where("memo", "==", "rent"):count()
                  + account:both("transfer"):nodes():where("kind", "==", "card"):count()
    for owner in account:incoming("own"):nodes():each() do
      out[#out + 1] = owner.label .. owner.key .. owner.name
    end
    local found = {}
    for _, key in ipairs({ "100", "550", "1000", account.key }) do
      found[#found + 1] = graph:node("Account", key)
    end
    found[#found + 1] = graph:node("Person", "bob")
    found[#found + 1] = graph:node("Company", "zenith")
    return { decision = "allow", score = cards, reasons = out,
             output = { nodes = found, bag = account.bag, opened = account.createTime } }
  end,
}
