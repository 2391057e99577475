-- Purchases at an online shop.  Cancelled invoices (their number starts with C) and rows
-- without a customer are no purchases of a known customer; every row is a line of an invoice.
local transactions = "transactions-early.csv.gz"
local known = { column = "CustomerID", op = "~=", value = "" }

return {
  labels = {
    Customer = {
      file = transactions, distinct = true, where = known,
      key = { column = "CustomerID", type = "int64" },
      properties = { country = { column = "Country", type = "string" } },
      immutable = true,
    },
    Product = {
      key = { column = "StockCode", type = "string" },
      properties = { description = { column = "Description", type = "text", nullable = true } },
      immutable = true,
      sources = {
        { file = "products.csv.gz" },
        { file = transactions, distinct = true, properties = {} },
      },
    },
    Invoice = {
      file = transactions, distinct = true,
      key = { column = "InvoiceNo", type = "string" },
      properties = { date = { column = "InvoiceDate", type = "timestamp" } },
      immutable = true,
    },
  },
  edges = {
    { type = "bought", from = "Customer", to = "Product", file = transactions,
      where = { known, { column = "Quantity", op = ">", value = 0 } },
      source = "CustomerID", target = "StockCode", time = { column = "InvoiceDate", property = "time" },
      properties = {
        quantity = { column = "Quantity", type = "int64" },
        unitPrice = { column = "UnitPrice", type = "float64" },
        invoice = { column = "InvoiceNo", type = "string" },
      } },
    { type = "lists", from = "Invoice", to = "Product", file = transactions,
      source = "InvoiceNo", target = "StockCode", time = { column = "InvoiceDate", property = "time" },
      properties = {
        quantity = { column = "Quantity", type = "int64" },
        unitPrice = { column = "UnitPrice", type = "float64" },
      } },
  },
}
