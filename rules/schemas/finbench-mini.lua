-- A toy graph in FinBench's shape: import the folder `snapshot`.  Its times are plain
-- numbers, which are the milliseconds themselves; own edges have none.
local time = { column = "createTime", property = "createTime", format = "ms" }

local function label(file, key, properties, immutable)
  return {
    file = file, key = { column = key, type = "int64" }, properties = properties,
    immutable = immutable,
  }
end

local function edge(type, from, to, file, source, target, properties)
  return {
    type = type, from = from, to = to, file = file, source = source, target = target,
    time = type ~= "own" and time or nil, properties = properties,
  }
end

return {
  csv = { delimiter = "|", quote = false },
  labels = {
    Person = label("Person.csv", "personId",
                   { personName = "string", isBlocked = "bool" }),
    Company = label("Company.csv", "companyId",
                    { companyName = "string", isBlocked = "bool" }),
    Account = label("Account.csv", "accountId", {
      createTime = { type = "timestamp", format = "ms" }, isBlocked = "bool",
      accountType = { column = "accoutType", type = "string" },
    }, { "createTime", "accountType" }),
    Loan = label("Loan.csv", "loanId", { loanAmount = "float64", balance = "float64" },
                 { "loanAmount" }),
    Medium = label("Medium.csv", "mediumId", { mediumType = "string", isBlocked = "bool" },
                   { "mediumType" }),
  },
  edges = {
    edge("transfer", "Account", "Account", "AccountTransferAccount.csv", "fromId", "toId",
         { amount = "float64", transferType = "string" }),
    edge("withdraw", "Account", "Account", "AccountWithdrawAccount.csv", "fromId", "toId",
         { amount = "float64" }),
    edge("repay", "Account", "Loan", "AccountRepayLoan.csv", "accountId", "loanId",
         { amount = "float64" }),
    edge("deposit", "Loan", "Account", "LoanDepositAccount.csv", "loanId", "accountId",
         { amount = "float64" }),
    edge("signIn", "Medium", "Account", "MediumSignInAccount.csv", "mediumId", "accountId"),
    edge("own", "Person", "Account", "PersonOwnAccount.csv", "personId", "accountId"),
    edge("own", "Company", "Account", "CompanyOwnAccount.csv", "companyId", "accountId"),
    edge("apply", "Person", "Loan", "PersonApplyLoan.csv", "personId", "loanId"),
    edge("apply", "Company", "Loan", "CompanyApplyLoan.csv", "companyId", "loanId"),
    edge("invest", "Person", "Company", "PersonInvestCompany.csv", "investorId", "companyId",
         { ratio = "float64" }),
    edge("invest", "Company", "Company", "CompanyInvestCompany.csv", "investorId",
         "companyId", { ratio = "float64" }),
    edge("guarantee", "Person", "Person", "PersonGuaranteePerson.csv", "fromId", "toId"),
    edge("guarantee", "Company", "Company", "CompanyGuaranteeCompany.csv", "fromId", "toId"),
  },
}
