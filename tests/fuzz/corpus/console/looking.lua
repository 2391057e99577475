x = graph:node("Account", "100")
--
x
--
x:outgoing("transfer")
--
x:nothing()
--
v = graph:ego(x, { hops = 2, edges = "transfer" })
--
v, v:pagerank(), v:components()
--
sent = x:outgoing("transfer"):nodes():outgoing("transfer")
--
sent:count(), sent:sum("amount"), sent
--
{ x, sent, { sent:first() } }
--
x:outgoing("transfer"):group({ n = "count", s = { sum = "amount" } })
